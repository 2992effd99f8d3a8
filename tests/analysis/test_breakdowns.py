"""What tables for people promise."""

import json

import pytest
from made_up_phase import (
    ARM,
    STORIES,
    instance_id,
    made_up_settings,
    made_up_tables,
    outcome,
    phase_plan,
    score,
    task,
)

from bugladder.analysis.breakdowns import score_distribution
from bugladder.analysis.comparison import compare
from bugladder.analysis.controls import left_tests
from bugladder.analysis.expectations import overall_by_formula, tss_by_formula
from bugladder.analysis.failure_modes import failure_mode
from bugladder.analysis.phase_analysis import analyze
from bugladder.analysis.settings import AnalysisRules, IntervalSettings
from bugladder.records.weights import ScoringSettings

SCORES = ("overall", "hfs", "brs", "tss", "public_rate")
FOUND = analyze(made_up_tables(), made_up_settings())


def test_bins_hold_their_lower_edge_and_the_last_one_holds_1():
    """0.2 and 0.6 fall into the bins that they begin, though 0.6 / 0.2 is not 3 in binary; 1.0 falls into the last."""
    rows = [dict.fromkeys(SCORES, v) for v in (0.0, 0.2, 0.4, 0.6, 0.6000000000000001, 0.8, 1.0, None)]
    found = score_distribution(rows, phase_plan("p1"), AnalysisRules())
    assert [r["count"] for r in found if r["score"] == "overall"] == [1, 1, 1, 2, 2]
    assert {r["n"] for r in found} == {7}


def test_bins_of_another_width_have_no_plan():
    """The plan counts in bins of 0.2; beside narrower ones stands no count of it, and none is invented."""
    found = score_distribution([dict.fromkeys(SCORES, 1.0)], phase_plan("p4"), AnalysisRules(bin_width=0.1))
    assert len(found) == 10 * len(SCORES)
    assert {r["plan_count"] for r in found} == {None}


@pytest.mark.parametrize("phase", ["p2", "p4"])
def test_the_plans_bins_add_up_to_its_instances(phase):
    """Where the plan gives a distribution, it holds as many instances as the phase."""
    found = score_distribution([], phase_plan(phase), AnalysisRules())
    assert sum(r["plan_count"] for r in found if r["score"] == "overall") == phase_plan(phase).size


def test_groups_add_up():
    """Every breakdown holds each instance once; operators those that were injected."""
    for name in ("per_repository", "per_difficulty", "per_origin"):
        assert sum(r["n_selected"] for r in FOUND.tables[name]) == 10
        assert sum(r["resolved"] for r in FOUND.tables[name]) == 3
    assert sum(r["n_selected"] for r in FOUND.tables["per_operator"]) == 5


def test_rejected_candidates_pass_public_tests_and_fail_hidden_ones():
    """Of five candidates with a public rate of 1, the hidden tests reject two."""
    assert FOUND.metrics["plausible"] == {"count": 5, "resolved": 3, "rejected": 2}
    assert [r["instance_id"] for r in FOUND.tables["overfit_cases"]] == [instance_id(2), instance_id(9)]


def test_the_formula_gives_the_plans_baseline():
    """HFS 1, TSS 0.875, gap 0 and half of the iterations make 0.944, as the plan says."""
    assert overall_by_formula(phase_plan("baseline").expected, ScoringSettings()) == pytest.approx(0.94375)


def test_the_formula_leaves_out_what_the_plan_does_not_say():
    """p1's parts make (0.6 x 0.72 + 0.25 x 0.68 + 0.1 x 0.95) / 0.95 and not the plan's 0.78; its TSS would be 0.81."""
    expected = phase_plan("p1").expected
    assert overall_by_formula(expected, ScoringSettings()) == pytest.approx(0.697 / 0.95)
    assert tss_by_formula(expected) == pytest.approx(0.81)


def test_expected_stands_beside_measured():
    """The difference is measured minus planned, and null where nothing was measured."""
    row = next(r for r in FOUND.tables["expected_vs_actual"] if r["measure"] == "overall")
    assert row["difference"] == pytest.approx(row["actual"] - 0.78, abs=1e-6)


@pytest.mark.parametrize(
    ("verdict", "public", "outcomes", "mode"),
    [
        ("resolved", True, {}, None),
        ("no_patch", True, {}, "no_candidate_found"),
        ("no_patch", False, {}, "no_public_failing_test"),
        ("patch_failed", True, {}, "patch_failed"),
        ("unresolved", True, {"f0": "passed", "f1": "failed", "p0": "passed", "p1": "passed"}, "overfit_public_only"),
        ("unresolved", True, {"f0": "passed", "f1": "passed", "p0": "passed", "p1": "failed"}, "overfit_public_only"),
        ("partial", True, {"f0": "passed", "f1": "passed", "p0": "failed", "p1": "passed"}, "broke_passing_tests"),
        ("partial", True, {"f0": "failed", "f1": "passed", "p0": "passed", "p1": "passed"}, "partial_fix"),
        ("unresolved", True, {"f0": "failed", "f1": "missing", "p0": "passed", "p1": "passed"}, "no_effect"),
        ("unresolved", True, {"f0": "error", "f1": "error", "p0": "missing", "p1": "error"}, "broke_everything"),
        ("unresolved", True, {"f0": "timeout", "f1": "failed", "p0": "passed", "p1": "passed"}, "timeout"),
        ("unresolved", True, {"f0": "passed", "f1": "passed", "p0": "passed", "p1": "passed"}, "unknown"),
        ("infra_error", True, {}, None),
    ],
)
def test_every_unresolved_instance_has_a_mode(verdict, public, outcomes, mode):
    """The mode follows from verdict, task and outcomes; what nothing explains is unknown."""
    sides = {"f0": "public", "f1": "hidden", "p0": "public", "p1": "hidden"}
    kinds = {"f": "fail_to_pass", "p": "pass_to_pass"}
    rows = [outcome(0, name, found, kinds[name[0]], sides[name]) for name, found in outcomes.items()]
    assert failure_mode(score(0, ARM, verdict), rows, task(0, 1.0 if public else None)) == mode


def test_own_tests_explain_no_failure():
    """A solver's own failing test is no listed test."""
    rows = [outcome(0, "own", "failed", "own", "public")]
    assert failure_mode(score(0, ARM, "unresolved"), rows, task(0, 1.0)) == "unknown"


def test_what_left_is_listed_once_and_flaky_tests_are_marked():
    """Both repeats name the same test; it is one row, with its reason."""
    left = json.dumps([["t.py::a", "flaky under reference"], ["t.py::b", "fails under no_op"]])
    rows = [{"instance_id": "x", "left": left}, {"instance_id": "x", "left": left}, {"instance_id": "y", "left": "{}"}]
    found = left_tests(rows)
    assert [(r["test_id"], r["is_flaky"]) for r in found] == [("t.py::a", True), ("t.py::b", False)]


def arms():
    """The made-up solver and one that does nothing, on the same instances."""
    tables = made_up_tables()
    nothing = [
        score(i, ARM, "no_patch", 0.0, None if story[2] is None else 0.0, 0.0, 0.0) for i, story in enumerate(STORIES)
    ]
    idle = made_up_tables()
    scores = [*nothing, *(s for s in tables.scores if s["arm"] != ARM)]
    changed = type(idle)(**{**vars(idle), "scores": scores})
    return {"nothing": analyze(changed, made_up_settings()), "something": FOUND}


def test_controls_are_rows_of_their_own_in_a_comparison():
    """The solver that does nothing is not mixed up with the control that does nothing."""
    found = compare(arms(), IntervalSettings())
    assert [r["arm"] for r in found["arms"]] == [
        "nothing", "something", "control:no_op", "control:inert", "control:reference",
    ]  # fmt: skip
    assert found["obeys"] is None
    assert found["arms"][4]["hfs"] == 1.0


def test_differences_are_paired_on_shared_instances():
    """The mean difference is that of the instances both arms have graded, with an interval around it."""
    found = compare(arms(), IntervalSettings())
    rows = {r["score"]: r for r in found["differences"]}
    overall = FOUND.metrics["overall"]["mean"]
    assert rows["overall"]["difference"] == pytest.approx(overall, abs=1e-6)
    assert rows["overall"]["ci_low"] < overall < rows["overall"]["ci_high"]
    assert (rows["overall"]["n_shared"], rows["overfit_gap"]["n_shared"]) == (10, 9)
    assert (rows["resolved"]["second_better"], rows["resolved"]["first_better"]) == (3, 0)
