import pytest

from bugladder.records import CommandResult, Outcome, TestReport, TestResult
from bugladder.workspace.spelling import official_id, spelled

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED


def report(*tests):
    """A report of (id, outcome) pairs."""
    results = tuple(TestResult(i, o, "", f"t.py::{i.split('[')[0]}", 1.0) for i, o in tests)
    return TestReport(results, (), True, True, CommandResult(0, b"", b"", 1.0, 1.0))


@pytest.mark.parametrize(
    ("parser", "ours", "theirs"),
    [
        ("parse_log_pytest", "t.py::test_x[a b-c d]", "t.py::test_x[a"),
        ("parse_log_pytest", "t.py::test_x[\\n]", "t.py::test_x[\\n]"),
        ("parse_log_pytest_options", "t.py::test_x[/long/way/name.py]", "t.py::test_x[/name.py]"),
        ("parse_log_pytest_options", "t.py::test_x[//host/name]", "t.py::test_x[//host/name]"),
        ("parse_log_pytest_options", "t.py::test_x[/a/b cut]", "t.py::test_x[/a/b"),
        ("parse_log_pytest_v2", "t.py::test_x[31m-y]", "t.py::test_x-y]"),
        ("parse_log_matplotlib", "t.py::test_x[MouseButton.LEFT]", "t.py::test_x[1]"),
        ("parse_log_seaborn", "t.py::test_x[a b]", "t.py::test_x[a"),
        ("parse_log_django", "Docstring of it, with blanks [a b]", "Docstring of it, with blanks [a b]"),
    ],
)
def test_ids_are_spelled_as_the_parser_reads_them(parser, ours, theirs):
    """Each parser's way with blanks, paths and names is known."""
    assert official_id(ours, parser) == theirs


def test_a_cut_id_passes_when_all_that_it_stands_for_do():
    """Ids that a parser cannot tell apart fold into one, and one failure among them is its failure."""
    tests = [("t.py::x[a b]", PASSED), ("t.py::x[a c]", FAILED), ("t.py::x[d e]", PASSED), ("t.py::x[d f]", PASSED)]
    found = spelled(report(*tests), "parse_log_pytest")
    assert found.outcomes() == {"t.py::x[a": FAILED, "t.py::x[d": PASSED}
    assert {r.definition for r in found.results} == {"t.py::t.py::x"}
    assert {r.seconds for r in found.results} == {2.0}


def test_what_did_not_pass_is_told_though_a_pass_follows():
    """The order of the folded tests does not matter."""
    for outcomes in ((SKIPPED, PASSED), (PASSED, SKIPPED)):
        tests = zip(("t.py::x[a b]", "t.py::x[a c]"), outcomes, strict=True)
        assert spelled(report(*tests), "parse_log_pytest").outcomes() == {"t.py::x[a": SKIPPED}


def test_only_the_ids_asked_for_are_left():
    """Where ids were asked for, whatever else ran beside them is not told."""
    tests = [("t.py::x[a b]", PASSED), ("t.py::x[c d]", PASSED)]
    assert list(spelled(report(*tests), "parse_log_pytest", ["t.py::x[a"]).outcomes()) == ["t.py::x[a"]


def test_without_a_parser_nothing_is_touched():
    """A dataset with ids of its own keeps them, blanks included."""
    found = report(("t.py::x[a b]", PASSED))
    assert spelled(found, "") is found
