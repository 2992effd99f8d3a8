"""pytest plugin that writes one JSON line per test to a file outside the repository, and selects tests by exact id.

It runs inside the sandbox, next to the tested code; standard library and pytest only. The report's place is taken
out of the environment before any tested code is imported.
"""

import inspect
import json
import os

import pytest

_REPORT = open(os.environ.pop("BUGLADDER_REPORT"), "a", buffering=1, encoding="utf-8")
_IDS_FILE = os.environ.pop("BUGLADDER_IDS", "")
_MESSAGE_CHARS = 500


def _write(**record):
    _REPORT.write(json.dumps(record) + "\n")


class ReportPlugin:
    """Collects the phases of each test and writes the test's line after its teardown."""

    def __init__(self, config):
        # rootpath and path are younger than some of the tested versions of pytest
        self.root = str(getattr(config, "rootpath", None) or config.rootdir)
        self.definitions = {}
        self.phases = {}
        self.wanted = None
        if _IDS_FILE:
            with open(_IDS_FILE, encoding="utf-8") as file:
                self.wanted = set(file.read().split("\n"))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        if self.wanted is not None:
            dropped = [item for item in items if not self._is_wanted(item.nodeid)]
            items[:] = [item for item in items if self._is_wanted(item.nodeid)]
            config.hook.pytest_deselected(items=dropped)

    def pytest_collection_finish(self, session):
        for item in session.items:
            self.definitions[item.nodeid] = self._definition(item)
        _write(event="collected", count=len(session.items))

    def pytest_collectreport(self, report):
        if report.failed:
            _write(event="collection_error", path=report.nodeid, message=str(report.longrepr)[-2000:])

    def pytest_runtest_logreport(self, report):
        phases = self.phases.setdefault(report.nodeid, [])
        phases.append(report)
        if report.when == "teardown":
            del self.phases[report.nodeid]
            outcome, phase, message = _fold(phases)
            _write(
                event="test",
                id=report.nodeid,
                outcome=outcome,
                phase=phase,
                message=message[:_MESSAGE_CHARS],
                seconds=sum(r.duration for r in phases),
                definition=self.definitions.get(report.nodeid, ""),
            )

    def pytest_sessionfinish(self, session, exitstatus):
        _write(event="finished", exit_status=int(exitstatus))

    def _is_wanted(self, test_id):
        # lists whose parameters cannot be told apart ask for all of a function
        return test_id in self.wanted or test_id.split("[", 1)[0] in self.wanted

    def _definition(self, item):
        dtest = getattr(item, "dtest", None)
        if dtest is not None:
            return self._place(dtest.filename or str(item.fspath), dtest.name)
        function = getattr(item, "function", None) or getattr(item, "obj", None)
        try:
            function = inspect.unwrap(function)
            function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
            code = getattr(function, "__func__", function).__code__
        except (AttributeError, TypeError, ValueError):
            return ""
        return self._place(code.co_filename, code.co_qualname)

    def _place(self, filename, name):
        path = os.path.relpath(filename, self.root).replace(os.sep, "/")
        return "" if path.startswith("..") else path + "::" + name


def _fold(phases):
    """(outcome, phase, message) of a test's set-up, call and teardown reports; xfailed and xpassed are passes."""
    for report in phases:
        if report.failed:
            return ("failed" if report.when == "call" else "error"), report.when, _message(report)
    for report in phases:
        if report.skipped and not hasattr(report, "wasxfail"):
            return "skipped", report.when, _message(report)
    return "passed", "", ""


def _message(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return crash.message
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[-1])
    return str(report.longrepr or "")[-_MESSAGE_CHARS:]


def pytest_configure(config):
    config.pluginmanager.register(ReportPlugin(config), "bugladder-report")
