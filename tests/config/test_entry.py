import sys

import pytest

from bugladder.config.entry import UsageError, arguments, run_stage
from bugladder.records import BugladderError


def ending_of(main, monkeypatch, capsys, *argv):
    """Exit code and standard error of a stage with a main of the test's own."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/stages/weigh.py", *argv])
    with pytest.raises(SystemExit) as ended:
        run_stage(main)
    return ended.value.code, capsys.readouterr().err


def test_arguments_are_one_for_each_name():
    """As many arguments as names are handed through in order."""
    assert arguments(["p1", "gate.yaml"], "PHASE OBEYS") == ("p1", "gate.yaml")
    assert arguments([], "") == ()


@pytest.mark.parametrize(("argv", "words"), [((), "none"), (("p1",), "1 (p1)"), (("p1", "a", "b"), "3 (p1 a b)")])
def test_another_number_of_arguments_is_refused(argv, words):
    """Too few or too many arguments are said with what the stage takes and what was given."""
    with pytest.raises(UsageError, match=r"^PHASE OBEYS; arguments given: ") as refusal:
        arguments(argv, "PHASE OBEYS")
    assert str(refusal.value).endswith(f"given: {words}")


def test_wrong_usage_is_one_line_and_exit_code_2(monkeypatch, capsys):
    """A wrong command line names the stage's command and ends with 2."""
    code, err = ending_of(lambda argv: arguments(argv, "PHASE"), monkeypatch, capsys)
    assert code == 2
    assert err == "error: usage: python -m stages.weigh PHASE; arguments given: none\n"


def test_an_error_for_people_is_one_line_and_exit_code_1(monkeypatch, capsys):
    """A message with line breaks inside comes out as one line."""

    def main(argv):
        raise BugladderError("conf/x.yaml: key 'a'\nshould be a number")

    assert ending_of(main, monkeypatch, capsys) == (1, "error: conf/x.yaml: key 'a' should be a number\n")


def test_a_file_that_the_system_refuses_is_one_line(monkeypatch, capsys):
    """An error of the operating system names its file."""

    def main(argv):
        open("/proc/self/nothing/here")  # noqa: PTH123, SIM115

    code, err = ending_of(main, monkeypatch, capsys)
    assert (code, err) == (1, "error: /proc/self/nothing/here: No such file or directory\n")


def test_ctrl_c_is_130(monkeypatch, capsys):
    """An interrupted stage says that the same command goes on."""

    def main(argv):
        raise KeyboardInterrupt

    code, err = ending_of(main, monkeypatch, capsys)
    assert code == 130
    assert "the same command goes on" in err
