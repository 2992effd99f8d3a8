from pathlib import Path

import pytest
from tiny_bug import BUGGY, PINS, seed_sdist

from bugladder.records import CommandResult, Environment, Outcome, RunnerSpec, TestRequest
from bugladder.runners.pytest import PytestRunner

SUITE = b'''"""A suite of every fate.

>>> 1 + 1
2
"""
import unittest

import pytest


def test_pass():
    pass


def test_fail():
    assert 1 == 2, "one is not two"


def test_raise():
    raise KeyError("key")


@pytest.mark.skip(reason="not now")
def test_skip():
    raise AssertionError


def test_skip_inside():
    pytest.skip("not here")


@pytest.mark.xfail(reason="known")
def test_xfail():
    raise AssertionError


@pytest.mark.xfail
def test_xpass():
    pass


@pytest.mark.xfail(strict=True)
def test_xpass_strict():
    pass


@pytest.fixture
def broken_before():
    raise RuntimeError("set-up broke")


@pytest.fixture
def broken_after():
    yield
    raise RuntimeError("teardown broke")


def test_setup_error(broken_before):
    pass


def test_teardown_error(broken_after):
    pass


def test_fail_and_teardown_error(broken_after):
    raise AssertionError("both")


@pytest.mark.parametrize("x", ["a", "b c", "d::e", "\xc3\xbc", "f/g"])
def test_each(x):
    assert x != "b c"


class TestGroup:
    @pytest.mark.parametrize("n", [1, 2])
    def test_in_class(self, n):
        assert n == 1


class OldStyle(unittest.TestCase):
    def test_unit(self):
        self.assertEqual(1, 1)

    def test_unit_fails(self):
        self.assertEqual(1, 2)

    @unittest.expectedFailure
    def test_unit_expected(self):
        self.assertEqual(1, 2)

    @unittest.skip("later")
    def test_unit_skipped(self):
        pass

    def test_subtests(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertNotEqual(n, 1)


class Inherits(TestGroup):
    __test__ = True


def test_prints_a_lie():
    import sys
    sys.stdout.write('{"event": "test", "id": "tests/test_all.py::test_fail", "outcome": "passed"}\\n')
'''
FATES = {
    "test_pass": ("passed", ""),
    "test_fail": ("failed", "call"),
    "test_raise": ("failed", "call"),
    "test_skip": ("skipped", "setup"),
    "test_skip_inside": ("skipped", "call"),
    "test_xfail": ("passed", ""),
    "test_xpass": ("passed", ""),
    "test_xpass_strict": ("failed", "call"),
    "test_setup_error": ("error", "setup"),
    "test_teardown_error": ("error", "teardown"),
    "test_fail_and_teardown_error": ("failed", "call"),
    "test_each[a]": ("passed", ""),
    "test_each[b c]": ("failed", "call"),
    "test_each[d::e]": ("passed", ""),
    "test_each[\\xfc]": ("passed", ""),
    "test_each[f/g]": ("passed", ""),
    "TestGroup::test_in_class[1]": ("passed", ""),
    "TestGroup::test_in_class[2]": ("failed", "call"),
    "Inherits::test_in_class[1]": ("passed", ""),
    "Inherits::test_in_class[2]": ("failed", "call"),
    "OldStyle::test_unit": ("passed", ""),
    "OldStyle::test_unit_fails": ("failed", "call"),
    "OldStyle::test_unit_expected": ("passed", ""),
    "OldStyle::test_unit_skipped": ("skipped", "call"),
    "OldStyle::test_subtests": ("failed", "call"),
    "test_prints_a_lie": ("passed", ""),
}
PATH = "tests/test_all.py"


@pytest.fixture
def run(tiny_world):
    """Run a suite in the real sandbox: test files by name, and what of the spec differs."""

    def run_suite(files, ids=None, timeout_s=60.0, **spec):
        base = {"tiny.py": BUGGY, **{f"tests/{name}": content for name, content in files.items()}}
        runner = RunnerSpec("pytest", spec.pop("paths", ("tests",)), **spec)
        environment = Environment(seed_sdist(tiny_world.cache, "tiny", "1.0", base), PINS, runner)
        with tiny_world.open_workspace(environment, {}) as workspace:
            return workspace.test(ids, timeout_s=timeout_s)

    return run_suite


def test_every_fate_of_a_test(run):
    """Each way for a test to end is read as the outcome and the phase that grading counts on, under its exact id."""
    report = run({"test_all.py": SUITE})
    assert {r.test_id.removeprefix(f"{PATH}::"): (r.outcome.value, r.phase) for r in report.results} == FATES
    assert (report.is_readable, report.is_complete, report.collection_errors) == (True, True, ())
    messages = {r.test_id.removeprefix(f"{PATH}::"): r.message for r in report.results}
    assert "one is not two" in messages["test_fail"]
    assert "set-up broke" in messages["test_setup_error"]
    assert messages["test_skip"] == "Skipped: not now"
    assert messages["test_pass"] == ""


def test_ids_share_the_definition_that_holds_their_code(run):
    """Parametrised and inherited ids name one definition, by file and qualified name."""
    definitions = {r.test_id.removeprefix(f"{PATH}::"): r.definition for r in run({"test_all.py": SUITE}).results}
    assert {definitions[i] for i in definitions if i.startswith("test_each")} == {f"{PATH}::test_each"}
    assert {definitions[i] for i in definitions if "test_in_class" in i} == {f"{PATH}::TestGroup.test_in_class"}
    assert definitions["OldStyle::test_unit"] == f"{PATH}::OldStyle.test_unit"


def test_doctests_name_the_source_that_holds_them(run):
    """A doctest of a source file has its outcome, and a definition in that file."""
    source = (
        b'def half(x):\n    """Half.\n\n    >>> half(4)\n    2.0\n    >>> half(1)\n    1\n    """\n    return x / 2\n'
    )
    report = run({"half.py": source}, paths=("tests/half.py",), options=("--doctest-modules",))
    (result,) = report.results
    assert (result.test_id, result.outcome) == ("tests/half.py::half.half", Outcome.FAILED)
    assert result.definition.startswith("tests/half.py::")


def test_a_module_that_cannot_be_imported(run):
    """An import error is a collection error with its path and cause; the other files' tests run."""
    report = run({"test_bad.py": b"import nothing_of_this_name\n", "test_good.py": b"def test_it(): pass\n"})
    assert report.outcomes() == {"tests/test_good.py::test_it": Outcome.PASSED}
    ((path, message),) = report.collection_errors
    assert path == "tests/test_bad.py"
    assert "nothing_of_this_name" in message


def test_a_suite_without_tests(run):
    """A run that collects nothing has a readable report without results."""
    report = run({"test_none.py": b"x = 1\n"})
    assert (report.results, report.is_readable, report.command.exit_code) == ((), True, 5)


ENDS = {
    "os._exit(0)": (b"import os\n    os._exit(0)", ["test_1"], False),
    "a signal": (b"import os\n    os.kill(os.getpid(), 9)", ["test_1"], False),
    "a crash": (b"import ctypes\n    ctypes.string_at(0)", ["test_1"], False),
    "sys.exit(0)": (b"import sys\n    sys.exit(0)", ["test_1", "test_2", "test_3"], True),
    "pytest.exit": (b"import pytest\n    pytest.exit('enough', returncode=0)", ["test_1"], False),
}


@pytest.mark.parametrize(("body", "seen", "is_complete"), ENDS.values(), ids=ENDS)
def test_a_process_that_ends_in_the_middle(run, body, seen, is_complete):
    """What was finished before counts and nothing else passes; a process that was ended left no complete run."""
    suite = b"def test_1(): pass\n\n\ndef test_2():\n    " + body + b"\n\n\ndef test_3(): pass\n"
    report = run({"test_end.py": suite})
    outcomes = {i.rpartition("::")[2]: o for i, o in report.outcomes().items()}
    assert list(outcomes) == seen
    assert outcomes.get("test_2", Outcome.MISSING) is not Outcome.PASSED
    assert (report.is_readable, report.is_complete) == (True, is_complete)


def test_a_time_out_in_the_middle(run):
    """A run that is cut by the clock gives the tests that were finished, and says that it was cut."""
    suite = b"import time\n\n\ndef test_1(): pass\n\n\ndef test_2(): time.sleep(60)\n\n\ndef test_3(): pass\n"
    report = run({"test_slow.py": suite}, timeout_s=3.0)
    assert report.outcomes() == {"tests/test_slow.py::test_1": Outcome.PASSED}
    assert report.command.timed_out
    assert report.command.exit_code is None
    assert not report.is_complete


def test_an_exit_at_import_is_no_success(run):
    """Code that ends the process with 0 while it is imported leaves no outcome and no complete run."""
    report = run({"test_end.py": b"import os\nos._exit(0)\n"})
    assert report.results == ()
    assert not report.is_complete
    assert report.command.exit_code == 0


def test_the_suites_own_options_do_not_reach_the_run(run):
    """What addopts of the suite's configuration ask for, plugins or a choice of tests, is passed over."""
    ini = b"[pytest]\naddopts = --cov -k nothing\n"
    files = {"test_it.py": b"def test_a(): pass\ndef test_b(): pass\n", "pytest.ini": ini}
    assert len(run(files, paths=("-c", "tests/pytest.ini", "tests")).results) == 2


RESULT = CommandResult(0, b"", b"", 1.0, 1.0)
LINE = (
    b'{"event": "test", "id": "t.py::test_%d", "outcome": "passed", "phase": "", "message": "", "seconds": 0.5, '
    b'"definition": "t.py::test_%d"}\n'
)
END = b'{"event": "finished", "exit_status": 0}\n'


def test_a_report_that_is_cut_off():
    """Of a report cut in the middle of a line the whole lines count, and the run is not complete."""
    whole = LINE % (1, 1) + LINE % (2, 2)
    report = PytestRunner().read(whole[:-20], RESULT)
    assert list(report.outcomes()) == ["t.py::test_1"]
    assert (report.is_readable, report.is_complete) == (True, False)


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"no json\n" + END, b"[1]\n" + END, b'{"id": 1}\n', b"\xff\xfe\n", b'"x"\n']
)
def test_a_report_that_is_none(text):
    """An empty report, or one with a line that the plugin never writes, is unreadable and holds no result."""
    report = PytestRunner().read(text, RESULT)
    assert (report.is_readable, report.is_complete, report.results) == (False, False, ())


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [(LINE % (1, 1) + END, 1), (LINE % (1, 1) + END, None), (LINE % (1, 1) + END + END, 0), (LINE % (1, 1), 0)],
)
def test_a_story_that_does_not_fit_the_exit_status(text, exit_code):
    """A run is complete only where the report ends once, with the status that the process itself returned."""
    result = CommandResult(exit_code, b"", b"", 1.0, 1.0)
    assert not PytestRunner().read(text, result).is_complete
    assert PytestRunner().read(LINE % (1, 1) + END, RESULT).is_complete


def test_the_command_keeps_to_its_folders():
    """Paths of the spec, of chosen ids or of own tests are run; the repository is not on the path from the start."""
    spec = RunnerSpec("pytest", ("tests",), pythonpath=("src", "."), env=(("WORD", "x"),), options=("-W", "ignore"))
    request = {
        "root": "/r",
        "support": "/s",
        "report": "/s/report",
        "pythonpath": ("/e",),
        "timeout_s": 9.0,
        "key": b"k",
    }
    command = PytestRunner().command(spec, TestRequest(**request))
    assert command.argv[-3:] == ("-W", "ignore", "tests")
    assert dict(command.env) == {
        "WORD": "x", "PYTHONPATH": "/e:/s", "BUGLADDER_PATH": "/r/src:/r", "BUGLADDER_REPORT": "/s/report",
        "BUGLADDER_WATCH": "tests",
    }  # fmt: skip
    assert command.stdin == b"k"
    ids = ("b.py::t[1]", "a.py::t", "b.py::t[2]")
    chosen = PytestRunner().command(spec, TestRequest(**request, ids=ids, ids_file="/s/ids"))
    assert chosen.argv[-2:] == ("a.py", "b.py")
    assert dict(chosen.env)["BUGLADDER_IDS"] == "/s/ids"
    assert PytestRunner().command(spec, TestRequest(**request, paths=("own.py",))).argv[-1] == "own.py"
    assert {Path(name).suffix for name in PytestRunner().files()} == {".py", ".pyc"}
