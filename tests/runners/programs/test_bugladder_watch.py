"""Which changes of the test tools take a run's outcomes away, and where the tools are what is tested."""

import pytest
from tiny_bug import BUGGY, PINS, seed_sdist

from bugladder.records import Environment, Outcome, RunnerSpec
from bugladder.sandboxes.environments import provision

PYTEST = """
from _pytest.reports import TestReport
original = TestReport.from_item_and_call
TestReport.from_item_and_call = classmethod(lambda cls, item, call: original(item, call))
"""
ASSERTION = """
import _pytest.assertion.rewrite as rewrite
rewrite.rewrite_asserts = lambda *args, original=rewrite.rewrite_asserts: original(*args)
"""
PLUGGY = """
import pluggy._callers as callers
callers._multicall = lambda *args, original=callers._multicall: original(*args)
"""
UNITTEST = "import unittest\nunittest.TestCase.assertEqual = lambda *args: None\n"
BUILTINS = "import builtins\nbuiltins.compile = lambda *a, original=compile, **k: original(*a, **k)\n"
TESTS = "\n\ndef test_right():\n    assert 1 == 1\n\n\ndef test_wrong():\n    assert 1 == 2\n"


@pytest.fixture
def own_pytest(cache):
    """The files of a repository that is pytest's own: the real tool below src."""
    (packages,) = provision(PINS, cache).glob("lib/*/site-packages")
    found = {p: p.read_bytes() for top in ("pytest", "_pytest") for p in (packages / top).rglob("*.py")}
    return {f"src/{path.relative_to(packages)}": content for path, content in found.items()}


@pytest.fixture
def run(tiny_world):
    """Run tests after code at the head of their module, in a repository with more files."""

    def run_after(code, more=None):
        base = {"tiny.py": BUGGY, "tests/test_it.py": (code + TESTS).encode(), **(more or {})}
        runner = RunnerSpec("pytest", ("tests",), pythonpath=("src", "."))
        environment = Environment(seed_sdist(tiny_world.cache, "tiny", "1.0", base), PINS, runner)
        with tiny_world.open_workspace(environment, {}) as workspace:
            return workspace.test()

    return run_after


def outcomes(report):
    """Outcomes by the name of the test."""
    return {test.rpartition("::")[2]: outcome for test, outcome in report.outcomes().items()}


AS_THEY_ARE = {"test_right": Outcome.PASSED, "test_wrong": Outcome.FAILED}


@pytest.mark.parametrize("code", [PYTEST, ASSERTION, PLUGGY, UNITTEST, BUILTINS])
def test_no_repository_changes_a_tool_that_it_does_not_provide(run, code):
    """Functions of pytest, pluggy, unittest and the language that are exchanged while tests are collected are told."""
    assert any("was replaced" in reason for reason in run(code).distrust)


@pytest.mark.parametrize("code", ["", PYTEST, ASSERTION])
def test_pytests_own_repository_changes_pytest(run, own_pytest, code):
    """Where the repository is pytest's own, its tests may change pytest, and their outcomes are believed."""
    report = run(code, own_pytest)
    assert (report.distrust, report.is_complete, outcomes(report)) == ((), True, AS_THEY_ARE)


@pytest.mark.parametrize("code", [PLUGGY, UNITTEST, BUILTINS])
def test_pytests_own_repository_changes_nothing_else(run, own_pytest, code):
    """There too, what the repository does not provide stays as it was."""
    assert any("was replaced" in reason for reason in run(code, own_pytest).distrust)


def test_pytests_own_repository_is_what_its_tests_import(run, own_pytest):
    """There the tests have the repository's pytest, and not the one that the environment may hold as well."""
    here = "import _pytest, pytest, os\nroot = os.getcwd()\nassert pytest.__file__.startswith(root), pytest.__file__\n"
    report = run(here + "assert _pytest.__file__.startswith(root)", own_pytest)
    assert outcomes(report) == AS_THEY_ARE, report.collection_errors


def test_pytests_own_repository_must_still_let_a_test_fail(run, own_pytest):
    """Where pytest itself was changed so that no test can fail, the test that must fail tells."""
    spoiled = own_pytest["src/_pytest/python.py"] + b"\nFunction.runtest = lambda self: None\n"
    report = run("", {**own_pytest, "src/_pytest/python.py": spoiled})
    assert "a test that must fail did not" in report.distrust


MADE = """
import pathlib
for name in ("_pytest", "pytest"):
    pathlib.Path("src", name).mkdir(parents=True)
    pathlib.Path("src", name, "__init__.py").write_text("")
"""
MOVED = """
import os, sys
for name in ("_pytest", "pytest"):
    sys.modules[name].__file__ = os.path.join(os.getcwd(), "src", name, "__init__.py")
"""
CLAIMS = {
    "a folder of the name": ("", {"src/_pytest/notes.txt": b"", "_pytest/notes.txt": b"", "pytest/notes.txt": b""}),
    "a module below": ("", {"src/pkg/_pytest/__init__.py": b"", "src/pkg/pytest.py": b""}),
    "a package made meanwhile": (MADE, {}),
    "another __file__": (MOVED, {}),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_nobody_else_is_taken_for_pytests_own_repository(run, claim):
    """A folder of that name, a package made while tests are collected or a wrong place frees nobody of the watch."""
    code, more = CLAIMS[claim]
    report = run(code + PYTEST, more)
    assert any("was replaced" in reason for reason in report.distrust), report.collection_errors
