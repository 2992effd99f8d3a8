"""Runs sympy's own test runner as bin/test does, with its reporter also writing each test's outcome to the report.

Usage: bugladder_sympy.py ROOT [-C] [--verbose] FILES. Ids are function names, as the official lists have them.
"""

import os
import sys
import time

import bugladder_events as events

ROOT = os.path.abspath(sys.argv[1])
WANTED = events.wanted_ids()
# bin/test draws another seed for each run
_SEED = 20261122


def find_runtests():
    """The module with the test runner: it moved in 1.6, and what stands at its old place since is another thing."""
    try:
        from sympy.testing import runtests
    except ImportError:
        from sympy.utilities import runtests
    return runtests


class Current:
    """The test that runs now."""

    function = None
    began = 0.0
    filename = ""


def enter(reporter, function, _enter):
    Current.function, Current.began = function, time.perf_counter()
    return _enter(reporter, function)


def note(outcome, message=""):
    function, Current.function = Current.function, None
    if function is None:
        # the file itself could not be executed
        events.write_collection_error(Current.filename, message)
        return
    seconds = time.perf_counter() - Current.began
    definition = events.definition_of(function, ROOT)
    events.write_test(function.__name__, outcome, message, seconds=seconds, definition=definition)


def words(exc_info):
    return f"{exc_info[0].__name__}: {exc_info[1]}"


def report_also(reporter):
    """Have the reporter's methods write events before they do what they did."""
    originals = {name: getattr(reporter, name) for name in dir(reporter)}
    noted = {
        "test_pass": lambda *args: note("passed"),
        "test_xfail": lambda *args: note("passed"),
        "test_xpass": lambda *args: note("passed"),
        "test_skip": lambda v=None, *args: note("skipped", str(v or "")),
        "test_fail": lambda exc_info, *args: note("failed", words(exc_info)),
        "test_exception": lambda exc_info, *args: note("error", words(exc_info)),
        "import_error": lambda filename, exc_info: events.write_collection_error(filename, words(exc_info)),
    }

    def wrapped(name):
        def method(self, *args, **kwargs):
            noted[name](*args, **kwargs)
            return originals[name](self, *args, **kwargs)

        return method

    for name in noted:
        setattr(reporter, name, wrapped(name))
    reporter.entering_test = lambda self, function: enter(self, function, originals["entering_test"])


def choose(tests):
    """Remember which file is under way, and run only what was asked for."""
    test_file, matches = tests.test_file, tests.matches

    def file_noted(self, filename, *args, **kwargs):
        Current.filename, Current.function = os.path.relpath(filename, ROOT), None
        return test_file(self, filename, *args, **kwargs)

    tests.test_file = file_noted
    tests.matches = lambda self, x: matches(self, x) and (WANTED is None or x.__name__ in WANTED)


def main():
    options = [a for a in sys.argv[2:] if a.startswith("-")]
    paths = [a for a in sys.argv[2:] if not a.startswith("-")]
    if "-C" in options:
        os.environ["SYMPY_USE_CACHE"] = "no"
    # without this program's own folder
    sys.path[0] = ROOT
    runtests = find_runtests()
    report_also(runtests.PyTestReporter)
    choose(runtests.SymPyTests)
    status = runtests._test(*paths, verbose="--verbose" in options, seed=_SEED)
    events.write_finished(int(status))
    sys.exit(int(status))


if __name__ == "__main__":
    main()
