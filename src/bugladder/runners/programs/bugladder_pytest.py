"""Runs pytest and reports each test; tests of our own that must fail run among them and tell whether one can.

Program of bugladder_start; standard library and pytest only.
"""

import bugladder_choice
import pytest
from bugladder_items import announces_failures, definition_of, message_of
from bugladder_sentinels import add_sentinels
from bugladder_watch import Watch

MAIN = "pytest.__main__"
_MESSAGE_CHARS = 500


class Reporter:
    """pytest plugin: a record a test, sent after its teardown."""

    def __init__(self, send, watch):
        self.send, self.watch, self.root = send, watch, ""
        self.definitions, self.announcing, self.sentinels, self.phases = {}, {}, {}, {}

    def pytest_collectreport(self, report):
        if report.failed:
            self.send({"event": "collection_error", "path": report.nodeid, "message": str(report.longrepr)[-2000:]})

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        # rootpath is younger than some of the tested versions of pytest
        self.root = str(getattr(session.config, "rootpath", None) or session.config.rootdir)
        announcing = {file: announces_failures(file) for file in {str(item.fspath) for item in session.items}}
        for item in session.items:
            self.definitions[item.nodeid] = definition_of(item, self.root)
            self.announcing[item.nodeid] = announcing[str(item.fspath)]
        self.send({"event": "collected", "count": len(session.items)})
        self.watch.compare(session.items)
        self.sentinels = add_sentinels(session)
        self.watch.remember(session.items)
        self.send({"event": "sentinels", "count": len(self.sentinels)})

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report):
        # whoever reads the output is not to be told of our tests
        return ("", "", "") if report.nodeid in self.sentinels else None

    def pytest_runtest_logreport(self, report):
        name, has_raised = self.watch.reported(report)
        phases = self.phases.setdefault(name, [])
        phases.append((report.when, self.outcome_of(name, has_raised, report), message_of(report), report.duration))
        if report.when == "teardown":
            self.tell(name, self.phases.pop(name))

    def outcome_of(self, name, has_raised, report):
        """What a phase counts as; a failure that became an expected one counts where the test's files speak of it."""
        bad = "failed" if report.when == "call" else "error"
        if report.failed:
            return bad
        was_expected = hasattr(report, "wasxfail")
        if report.skipped:
            return "skipped" if not was_expected else "passed" if self.announcing.get(name) else bad
        if has_raised and not was_expected:
            self.watch.doubt(name + " raised and is reported as passed")
        return "passed"

    def tell(self, name, phases):
        when, outcome, message = fold(phases)
        if name in self.sentinels:
            self.send({"event": "sentinel", "outcome": outcome})
            return
        self.send(
            {
                "event": "test",
                "id": name,
                "outcome": outcome,
                "phase": when,
                "message": message[:_MESSAGE_CHARS],
                "seconds": sum(seconds for _, _, _, seconds in phases),
                "definition": self.definitions.get(name, ""),
            }
        )


def fold(phases):
    """(phase, outcome, message) of what went wrong first in set-up, call and teardown; a skip counts after that."""
    for kinds in (("failed", "error"), ("skipped",)):
        for when, outcome, message, _ in phases:
            if outcome in kinds:
                return when, outcome, message
    return "", "passed", ""


def run(arguments, send):
    watch = Watch()
    reporter = Reporter(send, watch)
    status = pytest.main(arguments, plugins=[bugladder_choice, watch, reporter])
    if reporter.sentinels and not watch.has_looked:
        watch.doubt("the end of the test run was kept from us")
    for reason in watch.distrust:
        send({"event": "distrust", "reason": reason})
    send({"event": "finished", "exit_status": int(status)})
    return status
