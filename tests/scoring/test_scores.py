"""The formulas of DESIGN section 4, each edge by itself."""

import pytest

from bugladder.records import Kind, Outcome, Side, TestOutcome, Verdict
from bugladder.records.weights import ScoringSettings
from bugladder.scoring.scores import (
    Evidence,
    hidden_fix,
    overall_score,
    public_rate,
    score_instance,
)

SETTINGS = ScoringSettings()


def _o(name, passed=True, kind=Kind.FAIL_TO_PASS, side=Side.HIDDEN, unit=None):
    return TestOutcome(name, Outcome.PASSED if passed else Outcome.FAILED, kind, side, unit or name, 0.0)


def _evidence(*outcomes, **fields):
    return Evidence(**{"outcomes": outcomes, "has_patch": True, "applied": True, **fields})


def test_the_plans_baseline_row_follows_from_its_parts():
    """HFS 1, TSS 0.875, gap 0 and half of the iterations give 0.944."""
    assert overall_score(1.0, 0.875, 0.0, 0.5, SETTINGS) == pytest.approx(0.94375)


def test_a_null_term_leaves_the_sum_and_the_divisor():
    """Without a gap and without iterations only HFS and TSS weigh, by 0.85."""
    assert overall_score(1.0, 0.0, None, None, SETTINGS) == pytest.approx(0.60 / 0.85)


def test_without_a_hidden_fix_only_test_strength_counts():
    """Where HFS is 0, Overall is 0.25 TSS and is not renormalised."""
    assert overall_score(0.0, 0.8, None, None, SETTINGS) == pytest.approx(0.2)


def test_a_unit_passes_when_all_its_ids_pass():
    """One failing parametrisation fails its unit, and shares count units."""
    outcomes = [_o("a[1]", unit="a"), _o("a[2]", passed=False, unit="a"), _o("b")]
    assert hidden_fix(outcomes) == 0.5


def test_a_unit_with_any_fail_to_pass_id_is_a_fail_to_pass_unit():
    """Its PASS_TO_PASS ids count in it and in no other share."""
    outcomes = [_o("a[1]", unit="a"), _o("a[2]", passed=False, kind=Kind.PASS_TO_PASS, unit="a"), _o("b")]
    assert hidden_fix(outcomes) == 0.5


def test_broken_hidden_tests_scale_the_hidden_fix():
    """HFS multiplies the shares of hidden FAIL_TO_PASS and PASS_TO_PASS units."""
    outcomes = [_o("f"), _o("p", passed=False, kind=Kind.PASS_TO_PASS), _o("q", kind=Kind.PASS_TO_PASS)]
    assert hidden_fix(outcomes) == 0.5


def test_public_rate_is_null_without_public_evidence():
    """No public FAIL_TO_PASS unit and no valid own test: the rate and the gap are null, TSS counts the rate as 0."""
    scores = score_instance(_evidence(_o("h"), _o("p", kind=Kind.PASS_TO_PASS, side=Side.PUBLIC)), SETTINGS)
    assert (scores.public_rate, scores.overfit_gap, scores.tss) == (None, None, 0.0)
    assert scores.overall == pytest.approx(0.60 / 0.85)


def test_valid_own_tests_are_one_more_public_unit():
    """They count together, and pass together only when all pass."""
    own = [_o("own1", kind=Kind.OWN, side=Side.PUBLIC), _o("own2", passed=False, kind=Kind.OWN, side=Side.PUBLIC)]
    evidence = _evidence(_o("f", side=Side.PUBLIC), *own, own_valid=frozenset({"own1", "own2"}), own_written=4)
    assert public_rate(evidence) == 0.5
    assert score_instance(evidence, SETTINGS).own_valid_share == 0.5


def test_resolved_counts_ids_and_only_listed_ones():
    """A failing own test does not unresolve, a failing listed test does."""
    own = _o("own", passed=False, kind=Kind.OWN, side=Side.PUBLIC)
    assert score_instance(_evidence(_o("h"), own), SETTINGS).verdict is Verdict.RESOLVED
    broken = _o("p", passed=False, kind=Kind.PASS_TO_PASS)
    assert score_instance(_evidence(_o("h"), broken), SETTINGS).verdict is Verdict.PARTIAL


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.PASSED])
def test_only_passed_is_a_pass(outcome):
    """Missing, skipped, error and timeout of a listed test are failures."""
    evidence = _evidence(TestOutcome("h", outcome, Kind.FAIL_TO_PASS, Side.HIDDEN, "h", 0.0))
    assert score_instance(evidence, SETTINGS).hfs == 0.0


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [({"has_patch": False, "applied": False}, Verdict.NO_PATCH), ({"applied": False}, Verdict.PATCH_FAILED)],
)
def test_no_patch_and_patch_failed_score_as_the_unpatched_code(fields, verdict):
    """HFS and Overall are 0, the public rate is 0 where it exists, and a valid own test keeps its BRS."""
    outcomes = [_o("h"), _o("f", side=Side.PUBLIC)]
    scores = score_instance(_evidence(*outcomes, own_valid=frozenset({"x"}), own_written=1, **fields), SETTINGS)
    assert (scores.verdict, scores.hfs, scores.public_rate, scores.brs, scores.overall) == (verdict, 0.0, 0.0, 1.0, 0.0)


def test_iterations_count_where_the_solver_has_rounds():
    """Half of the rounds used is worth half of the 0.05."""
    evidence = _evidence(_o("h"), _o("f", side=Side.PUBLIC), iterations=4, max_iterations=8)
    assert score_instance(evidence, SETTINGS).overall == pytest.approx(0.6 + 0.25 * 0.5 + 0.1 + 0.025)


def test_the_gap_is_signed_and_weighs_by_its_size():
    """Hidden better than public is a negative gap; Overall takes its absolute value."""
    evidence = _evidence(_o("h"), _o("f", side=Side.PUBLIC), _o("g", passed=False, side=Side.PUBLIC))
    scores = score_instance(evidence, SETTINGS)
    assert scores.overfit_gap == -0.5
    assert scores.overall == pytest.approx((0.6 + 0.25 * 0.25 + 0.1 * 0.5) / 0.95)
