"""pytest plugin that judges one trial; runs inside the sandbox."""


class Judge:
    """pytest plugin of one trial: which of the wanted ids passed; stops at the first that did not."""

    def __init__(self, ids, stops_early):
        self.wanted = set(ids)
        self.passed = set()
        self.failed = set()
        self.stops_early = stops_early
        self.session = None
        self.at_start = None

    def pytest_sessionstart(self, session):
        self.session = session

    def pytest_collection_finish(self, session):
        if self.at_start is not None:
            self.at_start()

    def pytest_runtest_logreport(self, report):
        if report.nodeid not in self.wanted:
            return
        is_pass = report.passed or (report.skipped and hasattr(report, "wasxfail"))
        if not is_pass:
            self.failed.add(report.nodeid)
            if self.stops_early:
                self.session.shouldfail = "decided"
        elif report.when == "call" or report.skipped:
            self.passed.add(report.nodeid)

    def answer(self):
        good = self.passed - self.failed
        return {"passed": len(good), "is_pass": good == self.wanted}
