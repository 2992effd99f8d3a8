"""Runs django's own tests/runtests.py with a unittest result that also reports each test, and a test that must fail.

Program of bugladder_start; arguments are those of runtests.py. Ids are spelled as lists of django tests spell them:
`method (module.Class)` on every Python; `method (module.Class.method)`, as Python 3.11 prints them, and the
docstring's first line, which unittest prints instead, are aliases.
"""

import os
import runpy
import sys
import time
import unittest
from unittest.util import strclass

from bugladder_guard import Guard
from bugladder_records import (
    definition_of,
    draw,
    error_record,
    name_like,
    status_of,
    test_record,
    wanted_ids,
    words,
)

# runtests.py is run by its path
MAIN = None
_CORE = ("unittest.case", "unittest.suite", "unittest.result", "unittest.runner")


def name_of(test):
    return f"{test._testMethodName} ({strclass(type(test))})"


def aliases_of(test):
    name, line = test._testMethodName, test.shortDescription()
    longer = f"{name} ({strclass(type(test))}.{name})"
    return [longer, line] if line else [longer]


class Run:
    """One run: what it sends to, what it was asked for, and how deep its runners are nested."""

    def __init__(self, send):
        self.send, self.root, self.wanted = send, os.getcwd(), wanted_ids()
        self.depth, self.sentinel = 0, None

    def tell(self, test, found, seconds):
        outcome, message = found
        if test is self.sentinel:
            self.send({"event": "sentinel", "outcome": outcome})
            return
        definition = definition_of(getattr(type(test), test._testMethodName, None), self.root)
        more = {"seconds": seconds, "definition": definition, "aliases": aliases_of(test)}
        self.send(test_record(name_of(test), outcome, message, **more))

    def is_wanted(self, test):
        names = {name_of(test), *aliases_of(test)} if isinstance(test, unittest.TestCase) else set()
        return not names or bool(names & self.wanted)

    def prune(self, suite):
        """Drop what was not asked for, in place, so that the framework's own kinds of suite stay."""
        suite._tests = [t for t in suite._tests if isinstance(t, unittest.TestSuite) or self.is_wanted(t)]
        for inner in suite._tests:
            if isinstance(inner, unittest.TestSuite):
                self.prune(inner)

    def add_sentinel(self, suite):
        """Put a test that must fail among the others, in a class and a module that they could have."""
        tests = [t for t in cases_in(suite) if type(t).__module__ != "unittest.loader"]
        if tests:
            self.sentinel = sentinel_like(draw(tests), [t._testMethodName for t in tests])
            suite._tests.insert(draw(range(len(suite._tests) + 1)), self.sentinel)
        self.send({"event": "sentinels", "count": int(bool(tests))})


def cases_in(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from cases_in(test)
        elif isinstance(test, unittest.TestCase):
            yield test


def sentinel_like(test, names):
    def method(self):
        number = int.from_bytes(os.urandom(2), "big")
        # as tests of this framework do; what answers is the tools that the others trust, too
        self.assertEqual(number, number + 1)  # noqa: PT009 - the framework's own assertion is what is tried

    name = method.__name__ = name_like(names)
    kind = type(
        type(test).__name__ + "Tests", (unittest.TestCase,), {name: method, "__module__": type(test).__module__}
    )
    return kind(name)


class ReportingResult(unittest.TextTestResult):
    """Only the outermost run reports: some of django's tests run tests themselves."""

    run = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_reporting = self.run.depth == 1
        self.found = {}
        self.began = {}

    def startTest(self, test):
        self.began[id(test)] = time.perf_counter()
        super().startTest(test)

    def note(self, test, outcome, message=""):
        # what went wrong first stays: a pass after a failed subtest is none
        if self.found.get(id(test), ("passed", ""))[0] == "passed":
            self.found[id(test)] = (outcome, message)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failed", words(err))

    def addError(self, test, err):
        super().addError(test, err)
        if isinstance(test, unittest.TestCase) and type(test).__module__ != "unittest.loader":
            self.note(test, "error", words(err))
        elif self.is_reporting:
            self.run.send(error_record(str(test), words(err)))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            kind = "failed" if issubclass(err[0], test.failureException) else "error"
            self.note(test, kind, f"{subtest}: {words(err)}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", str(reason))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.note(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "failed", "unexpected success")

    def stopTest(self, test):
        super().stopTest(test)
        began = self.began.pop(id(test), None)
        found = self.found.pop(id(test), ("error", "it ended without an outcome"))
        if self.is_reporting and began is not None and type(test).__module__ != "unittest.loader":
            self.run.tell(test, found, time.perf_counter() - began)


def install(ours):
    """Have the outermost runner report, and run only what was asked for, with a test that must fail among it."""
    run_suite = unittest.TextTestRunner.run

    def run(runner, suite):
        ours.depth += 1
        try:
            if ours.depth == 1:
                if ours.wanted is not None:
                    ours.prune(suite)
                ours.add_sentinel(suite)
            return run_suite(runner, suite)
        finally:
            ours.depth -= 1

    ReportingResult.run = ours
    unittest.TextTestRunner.resultclass = ReportingResult
    unittest.TextTestRunner.run = run


def run(arguments, send):
    install(Run(send))
    guard = Guard(_CORE)
    script = os.path.join(os.getcwd(), "tests", "runtests.py")
    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(script))
    code = None
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code
    for change in guard.changes():
        send({"event": "distrust", "reason": change + " was replaced"})
    status = status_of(code)
    send({"event": "finished", "exit_status": status})
    return status
