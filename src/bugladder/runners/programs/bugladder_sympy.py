"""Runs sympy's own test runner as bin/test does; its reporter also reports each test, and a test that must fail.

Program of bugladder_start; arguments are [-C] [--verbose] FILES. Ids are function names, as the official lists have
them.
"""

import os
import re
import tempfile
import time

from bugladder_records import (
    definition_of,
    draw,
    error_record,
    name_like,
    test_record,
    wanted_ids,
    words,
)

# bin/test is run by its path
MAIN = None
# bin/test draws another seed for each run
_SEED = 20261122


def find_runtests():
    """The module with the test runner: it moved in 1.6, and what stands at its old place since is another thing."""
    try:
        from sympy.testing import runtests
    except ImportError:
        from sympy.utilities import runtests
    return runtests


class Run:
    """One run: what it sends to, what it was asked for, and the test that is under way."""

    def __init__(self, send):
        self.send, self.root, self.wanted = send, os.getcwd(), wanted_ids()
        self.function, self.began, self.filename = None, 0.0, ""
        self.sentinel = ""

    def enter(self, function):
        self.function, self.began = function, time.perf_counter()

    def note(self, outcome, message=""):
        function, self.function = self.function, None
        if function is None:
            # the file itself could not be executed
            self.send(error_record(self.filename, message))
        elif function.__code__.co_filename == self.sentinel:
            self.send({"event": "sentinel", "outcome": outcome})
        else:
            more = {"seconds": time.perf_counter() - self.began, "definition": definition_of(function, self.root)}
            self.send(test_record(function.__name__, outcome, message, **more))

    def is_wanted(self, function):
        return self.wanted is None or function.__name__ in self.wanted or self.sentinel == function.__code__.co_filename

    def add_sentinel(self, files):
        """Put a file with a test that must fail among the others, under a name that it could have."""
        self.send({"event": "sentinels", "count": int(bool(files))})
        if not files:
            return
        like = draw(files)
        with open(like, encoding="utf-8") as stream:
            names = re.findall(r"^def (test_\w+)", stream.read(), re.MULTILINE)
        folder = tempfile.mkdtemp()
        self.sentinel = os.path.join(folder, os.path.basename(like))
        number = int.from_bytes(os.urandom(2), "big")
        with open(self.sentinel, "w", encoding="utf-8") as stream:
            stream.write(f"def {name_like(names)}():\n    found = {number}\n    assert found == {number + 1}\n")
        files.insert(draw(range(len(files) + 1)), self.sentinel)


def report_also(ours, reporter):
    """Have the reporter's methods report before they do what they did."""
    noted = {
        "entering_test": ours.enter,
        "test_pass": lambda *args: ours.note("passed"),
        "test_xfail": lambda *args: ours.note("passed"),
        "test_xpass": lambda *args: ours.note("passed"),
        "test_skip": lambda v=None, *args: ours.note("skipped", str(v or "")),
        "test_fail": lambda exc_info, *args: ours.note("failed", words(exc_info)),
        "test_exception": lambda exc_info, *args: ours.note("error", words(exc_info)),
        "import_error": lambda filename, exc_info: ours.send(error_record(filename, words(exc_info))),
    }

    def wrapped(first, original):
        def method(self, *args, **kwargs):
            first(*args, **kwargs)
            return original(self, *args, **kwargs)

        return method

    for name, first in noted.items():
        setattr(reporter, name, wrapped(first, getattr(reporter, name)))


def choose(ours, tests):
    """Remember which file is under way, run only what was asked for, and a test that must fail among it."""
    test_file, matches, test = tests.test_file, tests.matches, tests.test

    def file_noted(self, filename, *args, **kwargs):
        ours.filename, ours.function = os.path.relpath(filename, ours.root), None
        return test_file(self, filename, *args, **kwargs)

    def test_with_sentinel(self, *args, **kwargs):
        ours.add_sentinel(self._testfiles)
        return test(self, *args, **kwargs)

    tests.test_file = file_noted
    tests.test = test_with_sentinel
    tests.matches = lambda self, x: matches(self, x) and ours.is_wanted(x)


def run(arguments, send):
    if "-C" in arguments:
        os.environ["SYMPY_USE_CACHE"] = "no"
    ours = Run(send)
    runtests = find_runtests()
    report_also(ours, runtests.PyTestReporter)
    choose(ours, runtests.SymPyTests)
    paths = [a for a in arguments if not a.startswith("-")]
    status = int(runtests._test(*paths, verbose="--verbose" in arguments, seed=_SEED))
    send({"event": "finished", "exit_status": status})
    return status
