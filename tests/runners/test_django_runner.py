"""The runner of django's repository, on a small repository whose tests/runtests.py is built like django's."""

import pytest
from django_like import RUNTESTS
from tiny_bug import seed_sdist

from bugladder.records import Environment, Outcome, RunnerSpec, TestRequest
from bugladder.runners.django import DjangoRunner

SUITE = b'''
import io
import unittest


class Fates(unittest.TestCase):
    def test_pass(self):
        pass

    def test_fail(self):
        self.assertEqual(1, 2, "one is not two")

    def test_raise(self):
        raise KeyError("key")

    @unittest.skip("not now")
    def test_skip(self):
        pass

    @unittest.expectedFailure
    def test_expected(self):
        self.assertEqual(1, 2)

    @unittest.expectedFailure
    def test_unexpected(self):
        pass

    def test_subtests(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertNotEqual(n, 1)

    def test_told(self):
        """
        What unittest prints, [in] words.
        And a second line.
        """

    def test_runs_others(self):
        class Inner(unittest.TestCase):
            def test_inner(self):
                self.fail()

        result = unittest.TextTestRunner(stream=io.StringIO()).run(Inner("test_inner"))
        self.assertEqual(len(result.failures), 1)

    def test_lies(self):
        print("test_fail (app.tests.Fates) ... ok")


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("set-up broke")

    def test_never(self):
        pass
'''
FATES = {
    "test_pass": "passed",
    "test_fail": "failed",
    "test_raise": "error",
    "test_skip": "skipped",
    "test_expected": "passed",
    "test_unexpected": "failed",
    "test_subtests": "failed",
    "test_told": "passed",
    "test_runs_others": "passed",
    "test_lies": "passed",
}
TOLD = "What unittest prints, [in] words."
FILES = {
    "tiny.py": b"VALUE = 1\n",
    "tests/runtests.py": RUNTESTS,
    "tests/app/__init__.py": b"",
    "tests/app/tests.py": SUITE,
    "tests/other/__init__.py": b"",
    "tests/other/test_more.py": b"import unittest\n\nclass More(unittest.TestCase):\n    def test_it(self): pass\n",
}


@pytest.fixture
def run(tiny_world):
    """Run tests of the small repository in the real sandbox, with other files where wanted."""

    def run_tests(files=None, ids=None, paths=("tests/app/tests.py",), timeout_s=60.0):
        source = seed_sdist(tiny_world.cache, "tiny", "1.0", {**FILES, **(files or {})})
        spec = RunnerSpec("django", (), options=("--verbosity", "2"), parser="parse_log_django")
        with tiny_world.open_workspace(Environment(source, (), spec), {}) as workspace:
            return workspace.test(ids, paths=paths, timeout_s=timeout_s)

    return run_tests


def test_every_fate_of_a_test(run):
    """Each way for a test to end has its outcome; a test that a test runs is none of ours."""
    report = run()
    assert {r.test_id: r.outcome.value for r in report.results if not r.is_alias} == {
        f"{name} (app.tests.Fates)": outcome for name, outcome in FATES.items()
    }
    assert (report.is_readable, report.is_complete, report.distrust) == (True, True, ())
    assert report.collection_errors == (("setUpClass (app.tests.Broken)", "RuntimeError: set-up broke"),)
    messages = {r.test_id: r.message for r in report.results}
    assert "one is not two" in messages["test_fail (app.tests.Fates)"]


def test_a_test_is_known_under_each_of_its_names(run):
    """Lists name a test by method and class, as Python 3.11 prints it, or by its docstring's first line."""
    report = run()
    names = ("test_told (app.tests.Fates)", "test_told (app.tests.Fates.test_told)", TOLD)
    assert [report.outcomes()[name] for name in names] == [Outcome.PASSED] * 3
    assert {r.definition for r in report.results if r.test_id in names} == {"tests/app/tests.py::Fates.test_told"}


@pytest.mark.parametrize("name", ["test_told (app.tests.Fates)", "test_told (app.tests.Fates.test_told)", TOLD])
def test_only_what_was_asked_for_runs(run, name):
    """A test is chosen by any of its names, and only its outcome under that name is told."""
    report = run(ids=[name])
    assert report.outcomes() == {name: Outcome.PASSED}
    assert report.is_complete


def test_ids_name_their_modules(run):
    """Without paths the modules that ids name are run."""
    ids = ["test_it (other.test_more.More)", "test_pass (app.tests.Fates.test_pass)", TOLD]
    assert set(run(ids=ids, paths=None).outcomes()) == set(ids)


def test_a_module_that_cannot_be_imported_is_an_error_of_collection(run):
    """What cannot be collected has no outcome, and the others have theirs."""
    report = run({"tests/app/tests.py": b"import nowhere\n"}, paths=("tests/app/tests.py", "tests/other/test_more.py"))
    assert [error.split(":")[0] for _, error in report.collection_errors] == ["ImportError"]
    assert [r.test_id for r in report.results if not r.is_alias] == ["test_it (other.test_more.More)"]


def test_data_files_are_no_labels():
    """Only Python files become modules; a package's own file is the package."""
    paths = ("tests/app/tests.py", "tests/app/data.json", "tests/app/__init__.py", "tests/app/templates/a.html")
    request = TestRequest("/testbed", "/s", "/s/r", (), 5.0, paths=paths)
    assert DjangoRunner().command(RunnerSpec("django", ()), request).argv[-2:] == ("app", "app.tests")


FORGERIES = {
    "ends at import": b"import os\nos._exit(0)\n",
    "patches an assertion": b"import unittest\nunittest.TestCase.assertEqual = lambda *a, **k: None\n",
    "patches the run of a test": b"import unittest\nunittest.TestCase._callTestMethod = lambda self, method: None\n",
    "patches the result": (
        b"import unittest\nr = unittest.TextTestRunner.resultclass\n"
        b"r.addFailure = r.addError = lambda s, t, e: s.addSuccess(t)\n"
    ),
    "adds a runner": b"import unittest\nunittest.TextTestRunner.run = lambda self, suite: unittest.TestResult()\n",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_tested_code_cannot_talk_a_failure_into_a_pass(run, forgery):
    """Code under test that makes the tools agree with it is found out, or its run tells nothing."""
    report = run({"tiny.py": FORGERIES[forgery]})
    told = report.outcomes().get("test_fail (app.tests.Fates)")
    assert report.distrust or not report.is_complete or told is Outcome.FAILED
    if forgery != "ends at import":
        assert report.distrust or not report.results
