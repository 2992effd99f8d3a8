"""What the loop shows of test runs, through the real runners of django and sympy on repositories built like theirs."""

from __future__ import annotations

import dataclasses
import re

import pytest
from listed_chat import ListedChat

from bugladder.records import RunnerSpec
from bugladder.records.paths import PathRules
from bugladder.runners.django import DjangoRunner
from bugladder.runners.pytest import PytestRunner
from bugladder.runners.sympy import SympyRunner
from bugladder.solvers.debugging.blocks import without_progress
from bugladder.solvers.debugging.checkout import Checkout
from bugladder.solvers.loop import LoopSolver
from bugladder.workspace import Workspace

# Like django's own: labels are modules, and words about the set-up come before the first test.
DJANGO_RUNTESTS = """
import argparse, sys, tempfile, unittest

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("labels", nargs="*")
    parser.add_argument("--verbosity", type=int, default=1)
    given = parser.parse_args()
    print("Testing against tiny in", tempfile.mkdtemp(prefix="django_"))
    import tiny
    suite = unittest.TestSuite()
    for label in given.labels:
        suite.addTests(unittest.defaultTestLoader.loadTestsFromName(label))
    result = unittest.TextTestRunner(verbosity=given.verbosity, resultclass=None).run(suite)
    if result.failures or result.errors:
        sys.exit(1)
"""
DJANGO_SUITE = '''
import tempfile
import unittest

from tiny import add


class Sums(unittest.TestCase):
    def test_zero(self):
        self.assertEqual(add(1, 0), 1)

    def test_sum(self):
        """Sums [of two] are right."""
        self.assertEqual(add(1, 2), 3, tempfile.mkdtemp())

    def test_many(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertEqual(add(n, n), 2 * n)


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("set-up broke")

    def test_never(self):
        pass
'''
TINY = "def add(a, b):\n    return a - b\n"
DJANGO = {
    "tiny.py": TINY,
    "tests/runtests.py": DJANGO_RUNTESTS,
    "tests/app/__init__.py": "",
    "tests/app/test_sums.py": DJANGO_SUITE,
}
# Its reporter prints as sympy's own does: a title in the middle of a line, and the name alone where it is too long.
SYMPY_RUNTESTS = """
import os, sys, traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def center(text, delim="="):
    text = f" {text} " if text else ""
    before = (80 - len(text)) // 2
    print(delim * before + text + delim * (80 - before - len(text)))


class PyTestReporter:
    def __init__(self):
        self.failed, self.file, self.function = [], "", None

    def entering_filename(self, filename):
        self.file = filename[len(ROOT) + 1:]
        print(self.file, end="[1] ")

    def entering_test(self, f):
        self.function = f
        print(f.__name__, end=" ")

    def test_pass(self, char="."):
        print("ok")

    def test_xfail(self):
        print("f")

    def test_xpass(self, v):
        print("X")

    def test_skip(self, v=None):
        print("s")

    def test_fail(self, exc_info):
        self.failed.append((self.file, self.function, exc_info))
        print("F")

    def test_exception(self, exc_info):
        self.failed.append((self.file, self.function, exc_info))
        print("E")

    def import_error(self, filename, exc_info):
        self.failed.append((filename, None, exc_info))

    def finish(self):
        print()
        for file, function, (kind, value, trace) in self.failed:
            center("", "_")
            center(f"{file}:{function.__name__}" if function else file, "_")
            print("".join(traceback.format_exception(kind, value, trace.tb_next)), end="")
        center("tests finished: 1 passed, %d failed, in 0.12 seconds" % len(self.failed))
        print("" if not self.failed else "DO *NOT* COMMIT!")


class SymPyTests:
    def __init__(self, reporter):
        self._reporter, self._testfiles = reporter, []

    def matches(self, x):
        return True

    def test(self, sort=False):
        for filename in self._testfiles:
            self.test_file(filename, sort)
        self._reporter.finish()
        return not self._reporter.failed

    def test_file(self, filename, sort=True):
        reporter, scope = self._reporter, {"__file__": filename}
        reporter.entering_filename(filename)
        try:
            with open(filename, encoding="utf8") as stream:
                exec(compile(stream.read(), filename, "exec"), scope)
        except ImportError:
            reporter.import_error(filename, sys.exc_info())
            return
        for f in [f for n, f in scope.items() if n.startswith("test_") and self.matches(f)]:
            reporter.entering_test(f)
            try:
                f()
            except AssertionError:
                reporter.test_fail(sys.exc_info())
            else:
                reporter.test_pass()


def _test(*paths, verbose=False, seed=None):
    center("test process starts")
    print("hash randomization: on (PYTHONHASHSEED=%d)" % int.from_bytes(os.urandom(2), "big"))
    tests = SymPyTests(PyTestReporter())
    tests._testfiles += [os.path.join(ROOT, p) for p in paths]
    return int(not tests.test(sort=True))
"""
LONG = "test_that_sums_of_two_positive_numbers_are_what_they_are_said_to_be_in_the_issue"
SYMPY_SUITE = f"""
import tempfile

from tiny import add


def test_zero():
    assert add(1, 0) == 1


def test_sum():
    assert add(1, 2) == 3, tempfile.mkdtemp()


def {LONG}():
    assert add(2, 2) == 4
"""
SYMPY = {
    "tiny.py": TINY,
    "sympy/__init__.py": "",
    "sympy/testing/__init__.py": "",
    "sympy/testing/runtests.py": SYMPY_RUNTESTS,
    "sympy/core/tests/test_sums.py": SYMPY_SUITE,
    "sympy/core/tests/test_lost.py": "import nowhere\n",
}
KINDS = {
    "django": (DjangoRunner(), DJANGO, RunnerSpec("django", ("tests/app/test_sums.py",), options=("--verbosity", "2"))),
    "sympy": (
        SympyRunner(), SYMPY,
        RunnerSpec("sympy", ("sympy/core/tests/test_sums.py", "sympy/core/tests/test_lost.py"), options=("--verbose",)),
    ),
}  # fmt: skip
PLAIN = {"tiny.py": TINY, "tests/test_sums.py": SYMPY_SUITE, "tests/test_lost.py": "import nowhere\n"}
LOOPS = {**KINDS, "pytest": (PytestRunner(), PLAIN, RunnerSpec("pytest", ("tests",), options=("-rA", "--verbose")))}
FAILING = {
    "pytest": ("tests/test_sums.py::test_sum", f"tests/test_sums.py::{LONG}"),
    "django": ("test_sum (app.test_sums.Sums)", "test_many (app.test_sums.Sums)"),
    "sympy": ("test_sum", LONG),
}
PASSING = {
    "pytest": ("tests/test_sums.py::test_zero",),
    "django": ("test_zero (app.test_sums.Sums)",),
    "sympy": ("test_zero",),
}
RANDOM = re.compile(r"[0-9a-f]{16}|bugladder|PYTHONHASHSEED=\d|/tmp/(django_|tmp)\w")


@pytest.fixture
def opened(lab):
    """Opens a fresh repository of a kind, with another file where wanted; gives its lab and workspace."""

    def build(kind, **files):
        runner, tree, spec = LOOPS[kind]
        place = lab({**tree, **files})
        place.workspace = Workspace(place.session, runner, spec, 60.0)
        return place

    return build


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_shows_what_the_report_knows(opened, kind):
    """Each failing test stands with its traceback; a test of ours that must fail is in the output and not shown."""
    place = opened(kind)
    report = place.workspace.test()
    raw = (report.command.stdout + report.command.stderr).decode()
    text = Checkout.of(place.bench(), PathRules()).failures(report, 20_000)
    for shown in ("in test_sum", "set-up broke" if kind == "django" else "No module named 'nowhere'"):
        assert shown in text
    assert ("(1 more with other parameters)" if kind == "django" else f"in {LONG}") in text
    for noise in ("test_zero", "Testing against", "Ran ", "tests finished", "COMMIT", "... ok"):
        assert noise not in text
    known = {r.test_id.split(" ")[0] for r in report.results} | {"setUpClass"}
    titles = re.findall(r"^(?:FAIL|ERROR): (\w+)", raw, re.MULTILINE) or re.findall(
        r":(test_\w+) ?_*$", raw, re.MULTILINE
    )
    ours = {name for name in titles if name not in known}
    assert len(ours) == 1
    assert not [name for name in ours if re.search(rf"\b{name}\b", text)]
    assert not RANDOM.search(text)


def prompts_of(place, kind):
    """Every prompt of a loop that asks for tests once and for two patches."""
    folder = {"django": "tests/app", "sympy": "sympy/core/tests", "pytest": "tests"}[kind]
    wrote = {"path": f"{folder}/test_own.py", "content": OWN[kind]}
    asked = {"analysis": "", "open": [], "search": []}
    wrong = [{"file": "tiny.py", "search": "return a - b", "replacement": f"return {x}"} for x in ("b - a", "b * a")]
    lines = [asked | {"files": [wrote]}, *(asked | {"edits": [edit]} for edit in wrong)]
    chat = ListedChat(lines)
    task = dataclasses.replace(place.task(list(FAILING[kind]), list(PASSING[kind])), problem_statement="add subtracts")
    solver = LoopSolver(max_iterations=2, max_sent_back=1, enable_gates=("G0",))
    solution = solver.solve(task, dataclasses.replace(place.bench(), chat=chat))
    return [chat.prompt(n) for n in range(len(chat.asked))], solution


OWN = {
    "django": (
        "import unittest\n\nfrom tiny import add\n\n\nclass Own(unittest.TestCase):\n"
        "    def test_own(self):\n        self.assertEqual(add(3, 4), 7)\n"
    ),
    "sympy": "from tiny import add\n\n\ndef test_own():\n    assert add(3, 4) == 7\n",
}
OWN["pytest"] = OWN["sympy"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", LOOPS)
def test_equal_loops_ask_equal_questions(opened, kind):
    """Nothing of a run's own names, numbers and folders is in a prompt: a second loop gets the kept replies."""
    first, solution = prompts_of(opened(kind), kind)
    second, _ = prompts_of(opened(kind), kind)
    assert first == second
    assert len(first) == 3
    assert "test_own" in first[2].rpartition("What the tests say")[2]
    assert not RANDOM.search("\n".join(first))
    assert solution.attempts[0].detail["standing"] is not None


def test_a_crash_before_the_tests_shows_the_repositorys_own_frames(opened):
    """Where no test could start the error is shown, without the frames and folders of what runs the tests."""
    place = opened("django", **{"tiny.py": "import sys\nprint(sys.path)\nraise RuntimeError('no tiny')\n"})
    report = place.workspace.test(FAILING["django"])
    assert b"bugladder_django.py" in report.command.stderr
    text = Checkout.of(place.bench(), PathRules()).failures(report, 20_000)
    assert "RuntimeError: no tiny" in text
    assert 'File "tests/runtests.py"' in text
    assert not RANDOM.search(text)


def test_progress_is_no_failure():
    """Lines that tell how far a run is, with or without names of tests, are left out where the output stands whole."""
    kept = ["Traceback (most recent call last):", "    raise ValueError(1)", "ValueError: 1"]
    progress = [
        "..F.s [ 50%]", "tests/test_a.py::test_b PASSED [ 10%]", "tests/test_a.py .F [100%]", "..FE",
        "test_a (app.tests.Some)", "test_a (app.tests.Some.test_a) ... ok", "What it is about. ... FAIL",
        "sympy/core/tests/test_a.py[3] ..F    [FAIL]", "test_a F", "hash randomization: on (PYTHONHASHSEED=1)",
        "Ran 3 tests in 0.012s",
    ]  # fmt: skip
    assert without_progress("\n".join([*progress, *kept, *progress])).split("\n") == kept
