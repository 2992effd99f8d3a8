"""Our reports and the official package's reading of the official command's output, on states of real repositories."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from bugladder.records import Kind, Outcome, Side, TestOutcome
from bugladder.records.weights import ScoringSettings
from bugladder.scoring.scores import Evidence, score_instance
from bugladder.sources import official

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(p.name for p in GOLDEN.iterdir())
STATES = ("before", "after")

pytestmark = pytest.mark.skipif(find_spec("swebench") is None, reason="the extra [swebench] is not installed")


def ours(case):
    """Our outcomes by state and id, and the case's parser."""
    found = json.loads((GOLDEN / case / "ours.json").read_text(encoding="utf-8"))
    return found["outcomes"], found["parser"]


def theirs(case, state):
    """The official statuses by id."""
    return official.parse_log(ours(case)[1], (GOLDEN / case / f"{state}.log").read_text(encoding="utf-8"))


def listed(case):
    """FAIL_TO_PASS and PASS_TO_PASS as the official lists are made: from what its parser says of both states."""
    before, after = (theirs(case, state) for state in STATES)
    good = {i for i, status in after.items() if status in {"PASSED", "XFAIL"}}
    kept = {i for i in good if before.get(i) in {"PASSED", "XFAIL"}}
    return sorted(good - kept), sorted(kept)


def is_resolved(outcomes, fail_to_pass, pass_to_pass):
    """What our scoring makes of outcomes by id; a listed test without one is missing."""
    rows = [
        TestOutcome(i, Outcome(outcomes.get(i, "missing")), kind, Side.HIDDEN, i, 0.0)
        for kind, ids in ((Kind.FAIL_TO_PASS, fail_to_pass), (Kind.PASS_TO_PASS, pass_to_pass))
        for i in ids
    ]
    return score_instance(Evidence(tuple(rows), has_patch=True, applied=True), ScoringSettings()).resolved


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("state", STATES)
def test_every_test_that_the_official_parser_names_has_its_outcome_here(case, state):
    """Passed is passed, skipped is skipped and the rest has failed, under the very id that the official lists have."""
    outcomes = ours(case)[0][state]
    words = {"passed": "PASSED", "skipped": "SKIPPED"}
    found = {i: words.get(outcomes.get(i, "missing"), "FAILED") for i in theirs(case, state)}
    wanted = {i: {"ERROR": "FAILED", "XFAIL": "PASSED"}.get(s, s) for i, s in theirs(case, state).items()}
    assert found == wanted


@pytest.mark.parametrize("case", CASES)
def test_verdicts_are_the_official_ones(case):
    """On the same ids both say the same: resolved with the reference patch, and not without it."""
    fail_to_pass, pass_to_pass = listed(case)
    assert fail_to_pass, "a case where nothing is mended shows nothing"
    for state in STATES:
        official_verdict = official.resolution(theirs(case, state), fail_to_pass, pass_to_pass)
        resolved = is_resolved(ours(case)[0][state], fail_to_pass, pass_to_pass)
        assert (official_verdict == "RESOLVED_FULL") == resolved == (state == "after")


@pytest.mark.parametrize("case", CASES)
def test_one_failure_more_is_seen_by_both(case):
    """Whichever listed test fails after all, or is not named at all, neither calls the state resolved."""
    fail_to_pass, pass_to_pass = listed(case)
    statuses, outcomes = theirs(case, "after"), ours(case)[0]["after"]
    for test in (*fail_to_pass, *pass_to_pass):
        for worse_there, worse_here in (({test: "FAILED"}, {test: "failed"}), ({}, {})):
            there = {k: v for k, v in statuses.items() if k != test} | worse_there
            here = {k: v for k, v in outcomes.items() if k != test} | worse_here
            assert official.resolution(there, fail_to_pass, pass_to_pass) != "RESOLVED_FULL"
            assert not is_resolved(here, fail_to_pass, pass_to_pass)


@pytest.mark.parametrize("case", CASES)
def test_a_skipped_listed_test_is_passed_over_there_and_has_failed_here(case):
    """The one exception among these: whoever skips a test instead of mending it has resolved nothing here."""
    fail_to_pass, pass_to_pass = listed(case)
    test = (pass_to_pass or fail_to_pass)[0]
    statuses, outcomes = theirs(case, "after"), ours(case)[0]["after"]
    skipped = official.resolution({**statuses, test: "SKIPPED"}, fail_to_pass, pass_to_pass)
    assert (skipped == "RESOLVED_FULL") == (len(fail_to_pass) + len(pass_to_pass) > 1)
    assert not is_resolved({**outcomes, test: "skipped"}, fail_to_pass, pass_to_pass)
