"""Runs django's own tests/runtests.py with a unittest result that also writes each test's outcome to the report.

Usage: bugladder_django.py ROOT [arguments of runtests.py]. Ids are spelled as lists of django tests spell them:
`method (module.Class)` on every Python; `method (module.Class.method)`, as Python 3.11 prints them, and the
docstring's first line, which unittest prints instead, are aliases.
"""

import os
import runpy
import sys
import time
import unittest
from unittest.util import strclass

import bugladder_events as events

ROOT = os.path.abspath(sys.argv[1])
WANTED = events.wanted_ids()
_DEPTH = [0]


def name_of(test):
    return f"{test._testMethodName} ({strclass(type(test))})"


def aliases_of(test):
    name, line = test._testMethodName, test.shortDescription()
    longer = f"{name} ({strclass(type(test))}.{name})"
    return [longer, line] if line else [longer]


class ReportingResult(unittest.TextTestResult):
    """Only the outermost run reports: some of django's tests run tests themselves."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_reporting = _DEPTH[0] == 1
        self.found = {}
        self.began = {}

    def startTest(self, test):
        self.began[test] = time.perf_counter()
        super().startTest(test)

    def _note(self, test, outcome, message=""):
        # what went wrong first stays: a pass after a failed subtest is none
        if self.found.get(test, ("passed", ""))[0] == "passed":
            self.found[test] = (outcome, message)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._note(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, "failed", f"{err[0].__name__}: {err[1]}")

    def addError(self, test, err):
        super().addError(test, err)
        if not isinstance(test, unittest.TestCase) or type(test).__module__ == "unittest.loader":
            if self.is_reporting:
                events.write_collection_error(str(test), f"{err[0].__name__}: {err[1]}")
            return
        self._note(test, "error", f"{err[0].__name__}: {err[1]}")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            kind = "failed" if issubclass(err[0], test.failureException) else "error"
            self._note(test, kind, f"{subtest}: {err[0].__name__}: {err[1]}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note(test, "skipped", str(reason))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._note(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._note(test, "failed", "unexpected success")

    def stopTest(self, test):
        super().stopTest(test)
        began = self.began.pop(test, None)
        outcome, message = self.found.pop(test, ("error", "it ended without an outcome"))
        if self.is_reporting and began is not None and isinstance(test, unittest.TestCase):
            method = getattr(type(test), test._testMethodName, None)
            events.write_test(
                name_of(test),
                outcome,
                message,
                seconds=time.perf_counter() - began,
                definition=events.definition_of(method, ROOT),
                aliases=aliases_of(test),
            )


def is_wanted(test):
    return not isinstance(test, unittest.TestCase) or bool({name_of(test), *aliases_of(test)} & WANTED)


def prune(suite):
    """Drop what was not asked for, in place, so that the framework's own kinds of suite stay."""
    if not isinstance(suite, unittest.TestSuite):
        return
    suite._tests = [t for t in suite._tests if isinstance(t, unittest.TestSuite) or is_wanted(t)]
    for inner in suite._tests:
        prune(inner)


def run(runner, suite, _run=unittest.TextTestRunner.run):
    _DEPTH[0] += 1
    try:
        if _DEPTH[0] == 1 and WANTED is not None:
            prune(suite)
        return _run(runner, suite)
    finally:
        _DEPTH[0] -= 1


def main():
    script = os.path.join(ROOT, "tests", "runtests.py")
    unittest.TextTestRunner.resultclass = ReportingResult
    unittest.TextTestRunner.run = run
    sys.argv = [script, *sys.argv[2:]]
    # as if it were run by path, and without this program's own folder
    sys.path[0] = os.path.dirname(script)
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        events.write_finished(end.code)
        raise
    events.write_finished(None)


if __name__ == "__main__":
    main()
