"""The runner of sympy's repository, on a small repository whose test runner is built like sympy's."""

import pytest
from tiny_bug import seed_sdist

from bugladder.records import Environment, Outcome, RunnerSpec

# Like sympy's own: files are executed, their functions run one by one, a reporter is told what became of each.
RUNTESTS = b"""
import inspect, os, sys
from fnmatch import fnmatch

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class PyTestReporter:
    def __init__(self, verbose=False):
        self.bad = 0

    def entering_test(self, f):
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
        self.bad += 1
        print("F")

    def test_exception(self, exc_info):
        self.bad += 1
        print("E")

    def import_error(self, filename, exc_info):
        self.bad += 1


class SymPyTests:
    def __init__(self, reporter, kw=""):
        self._reporter, self._testfiles = reporter, []

    def matches(self, x):
        return True

    def test(self, sort=False):
        self._testfiles.sort()
        for filename in self._testfiles:
            self.test_file(filename, sort)
        return not self._reporter.bad

    def test_file(self, filename, sort=True):
        reporter, gl = self._reporter, {"__file__": filename}
        try:
            with open(filename, encoding="utf8") as stream:
                exec(compile(stream.read(), filename, "exec"), gl)
        except ImportError:
            reporter.import_error(filename, sys.exc_info())
            return
        except Exception:
            reporter.test_exception(sys.exc_info())
        funcs = [f for n, f in gl.items() if n.startswith("test_") and inspect.getsourcefile(f) == filename]
        for f in [f for f in funcs if self.matches(f)]:
            reporter.entering_test(f)
            try:
                f()
            except Exception:
                t, v, tr = sys.exc_info()
                if t is AssertionError:
                    reporter.test_fail((t, v, tr))
                elif t.__name__ == "Skipped":
                    reporter.test_skip(v)
                elif t.__name__ == "XFail":
                    reporter.test_xfail()
                else:
                    reporter.test_exception((t, v, tr))
            else:
                reporter.test_pass()


def _test(*paths, verbose=False, seed=None):
    tests = SymPyTests(PyTestReporter(verbose))
    for folder, _, names in os.walk(os.path.join(ROOT, "sympy")):
        found = [os.path.join(folder, n) for n in names if fnmatch(n, "test_*.py")]
        tests._testfiles += [f for f in found if any(p in f for p in paths)]
    return int(not tests.test(sort=True))
"""
SUITE = b"""
import os


class Skipped(Exception):
    pass


class XFail(Exception):
    pass


def test_pass():
    pass


def test_fail():
    assert 1 == 2


def test_raise():
    raise KeyError("key")


def test_skip():
    raise Skipped("not now")


def test_expected():
    raise XFail


def test_without_cache():
    assert os.environ["SYMPY_USE_CACHE"] == "no"
"""
FATES = {
    "test_pass": "passed",
    "test_fail": "failed",
    "test_raise": "error",
    "test_skip": "skipped",
    "test_expected": "passed",
    "test_without_cache": "passed",
}
PATH = "sympy/core/tests/test_all.py"
FILES = {
    "sympy/__init__.py": b"",
    "sympy/core/__init__.py": b"VALUE = 1\n",
    PATH: SUITE,
    "sympy/core/tests/test_broken.py": b"raise ValueError('broken')\n\n\ndef test_never():\n    pass\n",
    "sympy/core/tests/test_lost.py": b"import nowhere\n",
    "sympy/core/tests/test_core.py": b"import sympy.core\n\n\ndef test_value():\n    assert sympy.core.VALUE == 2\n",
}
PLACES = ("sympy/testing", "sympy/utilities")


@pytest.fixture
def run(tiny_world):
    """Run tests of the small repository in the real sandbox; `place` is where its runner stands."""

    def run_tests(*paths, ids=None, place=PLACES[0], files=None):
        tree = {**FILES, f"{place}/__init__.py": b"", f"{place}/runtests.py": RUNTESTS, **(files or {})}
        source = seed_sdist(tiny_world.cache, "tiny", "1.0", tree)
        spec = RunnerSpec("sympy", (), options=("-C", "--verbose"), parser="parse_log_sympy")
        with tiny_world.open_workspace(Environment(source, (), spec), {}) as workspace:
            return workspace.test(ids, paths=paths)

    return run_tests


@pytest.mark.parametrize("place", PLACES)
def test_every_fate_of_a_test(run, place):
    """Each way for a test to end has its outcome, wherever that version of sympy keeps its runner."""
    report = run(PATH, "sympy/core/data.txt", place=place)
    assert {r.test_id: r.outcome.value for r in report.results} == FATES
    assert {r.definition for r in report.results} == {f"{PATH}::{name}" for name in FATES}
    assert (report.is_readable, report.is_complete, report.distrust) == (True, True, ())


def test_only_what_was_asked_for_runs(run):
    """Functions are chosen by their exact names, not by parts of them."""
    assert run(PATH, ids=["test_pass"]).outcomes() == {"test_pass": Outcome.PASSED}


def test_what_cannot_be_executed_or_imported_is_an_error_of_collection(run):
    """A file that raises has no outcomes; it is named, and the others have theirs."""
    report = run("sympy/core/tests/test_broken.py", "sympy/core/tests/test_lost.py", PATH)
    assert sorted(error.split(":")[0] for _, error in report.collection_errors) == ["ModuleNotFoundError", "ValueError"]
    assert set(report.outcomes()) == set(FATES)


FORGERIES = {
    "ends at import": b"import os\nos._exit(0)\n",
    "patches the reporter": (
        b"from sympy.testing import runtests\nr = runtests.PyTestReporter\n"
        b"r.test_fail = r.test_exception = lambda self, *a: r.test_pass(self)\n"
    ),
    "catches what is raised": (
        b"import builtins\nreal = builtins.exec\n"
        b"def fake(code, scope):\n"
        b"    real(code, scope)\n"
        b"    for name in [n for n in scope if n.startswith('test_')]:\n"
        b"        scope[name].__code__ = (lambda: None).__code__\n"
        b"builtins.exec = fake\n"
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_tested_code_cannot_talk_a_failure_into_a_pass(run, forgery):
    """Code under test that makes the tools agree with it is found out, or its run tells nothing."""
    files = {"sympy/core/__init__.py": FORGERIES[forgery], "sympy/__init__.py": b"import sympy.core\n"}
    report = run("sympy/core/tests/test_core.py", PATH, files=files)
    told = report.outcomes().get("test_value")
    assert report.distrust or not report.is_complete or told in {Outcome.FAILED, Outcome.ERROR}
