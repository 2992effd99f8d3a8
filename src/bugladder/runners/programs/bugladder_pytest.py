"""Runs pytest and reports each test; a test of our own that must fail runs among them and tells whether one can.

Program of bugladder_start; standard library and pytest only. Everything that decides what is reported is held by
functions that were made before tested code is loaded.
"""

import os
import types

import pytest
from bugladder_guard import Guard
from bugladder_items import announces_failures, code_of, definition_of, message_of
from bugladder_sentinels import add_sentinels

MAIN = "pytest.__main__"
_MESSAGE_CHARS = 500
_PACKAGES = ("_pytest", "pytest", "pluggy", "unittest")
_CORE = (
    "_pytest.runner", "_pytest.python", "_pytest.reports", "_pytest.skipping", "_pytest.unittest", "_pytest.outcomes",
    "pluggy._hooks", "pluggy._callers", "pluggy._manager", "pluggy._result",
)  # fmt: skip


class Reporter:
    """pytest plugin: a record a test, sent after its teardown; distrust holds why the run cannot be believed."""

    def __init__(self, send):
        self.send, self.guard, self.has_looked = send, None, False
        self.root, self.plugins = "", set()
        self.definitions, self.codes, self.announcing = {}, {}, {}
        self.sentinels, self.phases = {}, {}
        self.distrust = []

    def doubt(self, reason):
        if reason not in self.distrust:
            self.distrust.append(reason)

    def pytest_load_initial_conftests(self):
        # after the tools' own plugins were loaded, and before the first file of the repository
        self.guard = Guard(_PACKAGES, _CORE)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        # rootpath is younger than some of the tested versions of pytest
        self.root = str(getattr(session.config, "rootpath", None) or session.config.rootdir)
        self.plugins = {id(plugin) for plugin in session.config.pluginmanager.get_plugins()}

    def pytest_collectreport(self, report):
        if report.failed:
            self.send({"event": "collection_error", "path": report.nodeid, "message": str(report.longrepr)[-2000:]})

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        for change in self.guard.changes():
            self.doubt(change + " was replaced before the tests ran")
        for item in session.items:
            self.definitions[item.nodeid] = definition_of(item, self.root)
            self.codes[item.nodeid] = code_of(item)
            file = str(item.fspath)
            if file not in self.announcing:
                self.announcing[file] = announces_failures(file)
        self.send({"event": "collected", "count": len(session.items)})
        self.sentinels = add_sentinels(session)
        self.send({"event": "sentinels", "count": len(self.sentinels)})

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        code = self.codes.get(item.nodeid)
        if code is not None and code_of(item) is not code:
            self.doubt(item.nodeid + " is another function than was collected")
        if "runtest" in vars(item):
            self.doubt(item.nodeid + " runs in another way than was collected")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        if call.when == "call":
            for change in self.guard.core_changes():
                self.doubt(change + " was replaced while a test ran")
        outcome = yield
        report = outcome.get_result()
        self.note(item, call, report)

    def note(self, item, call, report):
        phases = self.phases.setdefault(item.nodeid, [])
        phases.append((report.when, self.outcome_of(item, call, report), message_of(report), report.duration))
        if report.when == "teardown":
            del self.phases[item.nodeid]
            self.tell(item.nodeid, phases)

    def outcome_of(self, item, call, report):
        """What a phase counts as; a failed one that was made into an expected failure counts where a test says so."""
        if report.failed:
            return "failed" if report.when == "call" else "error"
        if report.skipped and not hasattr(report, "wasxfail"):
            return "skipped"
        if report.skipped and not self.may_fail(item):
            return "failed" if report.when == "call" else "error"
        if report.passed and call.excinfo is not None and not hasattr(report, "wasxfail"):
            self.doubt(item.nodeid + " raised and is reported as passed")
        return "passed"

    def may_fail(self, item):
        """An expected failure is announced by the test's own files; tested code has no say in it."""
        return self.announcing.get(str(item.fspath), False)

    def tell(self, nodeid, phases):
        when, outcome, message = next(((w, o, m) for w, o, m, _ in phases if o in ("failed", "error")), ("", "", ""))
        if not outcome:
            when, outcome, message = next(((w, o, m) for w, o, m, _ in phases if o == "skipped"), ("", "passed", ""))
        if nodeid in self.sentinels:
            self.send({"event": "sentinel", "outcome": outcome})
            return
        self.send(
            {
                "event": "test",
                "id": nodeid,
                "outcome": outcome,
                "phase": when,
                "message": message[:_MESSAGE_CHARS],
                "seconds": sum(seconds for _, _, _, seconds in phases),
                "definition": self.definitions.get(nodeid, ""),
            }
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report):
        # whoever reads the output is not to be told of our tests
        return ("", "", "") if report.nodeid in self.sentinels else None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        self.look_at_plugins(session.config)
        for change in self.guard.changes():
            self.doubt(change + " was replaced")
        self.has_looked = True

    def look_at_plugins(self, config):
        for plugin in config.pluginmanager.get_plugins():
            file = os.path.basename(getattr(plugin, "__file__", None) or "")
            kind = plugin if isinstance(plugin, types.ModuleType) else type(plugin)
            module = getattr(kind, "__module__", None) or getattr(kind, "__name__", "")
            if id(plugin) not in self.plugins and file != "conftest.py" and not module.startswith("_pytest."):
                self.doubt("a plugin was registered while tests were collected or run: " + repr(plugin)[:100])


def run(arguments, send):
    reporter = Reporter(send)
    status = pytest.main(arguments, plugins=[reporter])
    if reporter.sentinels and not reporter.has_looked:
        reporter.doubt("the test run's end was kept from us")
    for reason in reporter.distrust:
        send({"event": "distrust", "reason": reason})
    send({"event": "finished", "exit_status": int(status)})
    return status
