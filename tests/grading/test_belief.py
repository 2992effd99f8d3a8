"""Which outcomes of a run decide about a candidate."""

import pytest

from bugladder.grading.belief import believed_outcomes, outcomes_of, trouble_of
from bugladder.records import Answer, CommandResult, Difficulty, Outcome, TestReport, TestResult
from bugladder.records.paths import PathRules
from bugladder.scoring.units import UnitFinder

FAIL, PASS = "tests/test_a.py::test_fail", "tests/test_a.py::test_pass"
FILES = {
    "tests/test_a.py": b"def test_fail(): pass\ndef test_pass(): pass\n",
    "tests/test_b.py": b"def test_fail(): pass\n",
}
ANSWER = Answer("a-1", "", "", (FAIL,), (PASS,), (FAIL,), (), Difficulty.EASY, {FAIL: FAIL, PASS: PASS})
FINDER = UnitFinder(FILES, PathRules())


def report(fail_runs_in=FAIL, *, timed_out=False, is_complete=True, **fields):
    """A run in which both tests passed."""
    results = (
        TestResult(FAIL, Outcome.PASSED, "", fail_runs_in, 0.1),
        TestResult(PASS, Outcome.PASSED, "", PASS, 0.1),
    )
    command = CommandResult(None if timed_out else 0, b"", b"", 1.0, 1.0, timed_out=timed_out)
    return TestReport(results, (), **{"is_readable": True, "is_complete": is_complete, **fields}, command=command)


def test_a_whole_run_is_believed():
    """A complete, trusted run of the listed definitions counts as it is."""
    assert believed_outcomes(report(), ANSWER, FINDER) == {FAIL: Outcome.PASSED, PASS: Outcome.PASSED}
    assert trouble_of(report()) == ""


@pytest.mark.parametrize(("timed_out", "outcome"), [(False, Outcome.MISSING), (True, Outcome.TIMEOUT)])
def test_a_run_that_did_not_end_by_itself_mends_nothing(timed_out, outcome):
    """What passed before the end stays for what passed all along; a FAIL_TO_PASS test has not passed."""
    cut = report(timed_out=timed_out, is_complete=False)
    found = believed_outcomes(cut, ANSWER, FINDER)
    assert (found[FAIL], found[PASS]) == (outcome, Outcome.PASSED)
    assert trouble_of(cut)


@pytest.mark.parametrize("definition", ["a.py::nothing", "<string>::nothing", "tests/test_b.py::test_fail"])
def test_a_pass_of_another_file_is_none(definition):
    """A listed test whose code stood elsewhere than in the controls' runs has not passed."""
    found = believed_outcomes(report(definition), ANSWER, FINDER)
    assert (found[FAIL], found[PASS]) == (Outcome.ERROR, Outcome.PASSED)


def test_a_run_that_was_tampered_with_says_nothing():
    """A reason for distrust takes every outcome away and stands in the grade."""
    doubted = report(distrust=("a test that must fail did not",))
    assert outcomes_of(doubted) == believed_outcomes(doubted, ANSWER, FINDER) == {}
    assert "must fail" in trouble_of(doubted)
