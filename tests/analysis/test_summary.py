"""What metrics.json promises."""

import dataclasses

import numpy as np
import pytest
from made_up_phase import ARM, attempt, call, instance_id, made_up_settings, made_up_tables, not_graded

from bugladder.analysis.phase_analysis import analyze
from bugladder.analysis.settings import PHASE_TABLES
from bugladder.records import BugladderError, tables

TABLES = made_up_tables()
METRICS = analyze(TABLES, made_up_settings()).metrics


def replaced(name, rows):
    """The made-up phase with other rows in one table."""
    return dataclasses.replace(TABLES, **{name: rows})


def with_scores(*rows):
    """The made-up phase with some of the solver's scores replaced."""
    ids = {r["instance_id"] for r in rows}
    kept = [s for s in TABLES.scores if s["arm"] != ARM or s["instance_id"] not in ids]
    return replaced("scores", [*kept, *rows])


def test_the_made_up_phase_has_the_real_schemas(tmp_path):
    """The tables that these tests read are tables that the pipeline could have written."""
    full = dataclasses.replace(TABLES, calls=[call()], attempts=[attempt(0)])
    for name in PHASE_TABLES:
        tables.write(tables.ALL[name], getattr(full, name), tmp_path / f"{name}.parquet")


def test_a_block_holds_what_numpy_finds():
    """Mean, median, sample deviation and quartiles of Overall are those of the ten scores."""
    values = [s["overall"] for s in TABLES.scores if s["arm"] == ARM]
    block = METRICS["overall"]
    wanted = {
        "mean": np.mean(values),
        "median": np.median(values),
        "std": np.std(values, ddof=1),
        "min": min(values),
        "q1": np.quantile(values, 0.25),
        "q3": np.quantile(values, 0.75),
        "max": max(values),
    }
    assert {k: block[k] for k in wanted} == pytest.approx(wanted, abs=1e-6)
    assert block["ci_low"] < block["mean"] < block["ci_high"]
    assert block["n"] == 10


def test_the_gap_counts_only_where_it_was_measured():
    """One instance has no public failing test, so the gap has n 9 and its mean leaves that one out."""
    gaps = [s["overfit_gap"] for s in TABLES.scores if s["arm"] == ARM and s["overfit_gap"] is not None]
    assert METRICS["overfit_gap"]["n"] == 9
    assert METRICS["overfit_gap"]["mean"] == pytest.approx(np.mean(gaps), abs=1e-6)


def test_criteria_see_no_negative_gaps():
    """A negative gap lowers the signed mean and counts 0 in the positive one."""
    score = next(s for s in TABLES.scores if s["arm"] == ARM and s["overfit_gap"] == 0.0)
    found = analyze(with_scores({**score, "overfit_gap": -0.9}), made_up_settings()).metrics
    assert found["overfit_gap"]["mean"] == pytest.approx(METRICS["overfit_gap"]["mean"] - 0.1, abs=1e-6)
    assert found["overfit_gap_positive"]["mean"] == METRICS["overfit_gap_positive"]["mean"]


def test_what_was_not_graded_leaves_the_estimate_and_stands_in_both_extremes():
    """An infrastructure failure has no score: it leaves the mean, worst counts it 0 and best counts it 1."""
    found = analyze(with_scores(not_graded(0, "infra_error", infrastructure_class="made_up")), made_up_settings())
    metrics, total = found.metrics, METRICS["overall"]["mean"] * 10 - 0.8947
    assert (metrics["n_graded"], metrics["infra_errors"], metrics["infra_rate"]) == (9, 1, 0.1)
    assert metrics["overall"]["mean"] == pytest.approx(total / 9, abs=1e-6)
    assert metrics["overall"]["worst"] == pytest.approx(total / 10, abs=1e-6)
    assert metrics["overall"]["best"] == pytest.approx((total + 1) / 10, abs=1e-6)
    assert metrics["resolved"]["worst"] == 0.2
    assert metrics["overfit_gap_positive"]["worst"] > metrics["overfit_gap_positive"]["best"]


def test_a_capped_instance_is_selected_and_not_graded():
    """not_run is neither a failure of the candidate nor of the infrastructure."""
    metrics = analyze(with_scores(not_graded(1, "not_run")), made_up_settings()).metrics
    assert (metrics["n_selected"], metrics["n_graded"], metrics["infra_errors"]) == (10, 9, 0)


def test_an_invalid_instance_leaves_and_is_listed_with_its_reason():
    """An instance whose controls say invalid has no score, whatever the scores table holds, and a reason."""
    controls = [
        {**c, "valid": False, "reason": "made up: flaky"} if c["instance_id"] == instance_id(0) else c
        for c in TABLES.controls
    ]
    found = analyze(replaced("controls", controls), made_up_settings())
    assert (found.metrics["n_valid"], found.metrics["n_graded"]) == (9, 9)
    assert [(r["instance_id"], r["reason"]) for r in found.tables["invalid_instances"]] == [
        (instance_id(0), "made up: flaky")
    ]


def test_an_infrastructure_failure_in_a_control_is_never_invalid():
    """Where a control could not be judged, the instance is lost to the infrastructure."""
    controls = [{**c, "valid": None} if c["instance_id"] == instance_id(2) else c for c in TABLES.controls]
    scores = [s for s in TABLES.scores if s["instance_id"] != instance_id(2)]
    changed = dataclasses.replace(TABLES, controls=controls, scores=scores)
    metrics = analyze(changed, made_up_settings()).metrics
    assert metrics["verdicts"]["invalid_instance"] == 0
    assert (metrics["n_valid"], metrics["infra_errors"]) == (9, 1)


def test_rates_count_over_the_graded():
    """Three of ten are resolved, five reach Overall 0.5."""
    assert (METRICS["resolved"]["count"], METRICS["resolved"]["rate"]) == (3, 0.3)
    assert METRICS["success"]["rate"] == 0.5
    assert METRICS["resolved"]["ci_low"] < 0.3 < METRICS["resolved"]["ci_high"]


def test_totals_are_sums_and_shares_per_graded_instance():
    """Ten times 30 s of solving are 300 s, 30 s each; no calls cost nothing."""
    assert METRICS["seconds"] == {"total": 300.0, "per_instance": 30.0, "n": 10}
    assert [METRICS["cost_usd"][k] for k in ("total", "per_instance", "per_resolved", "n")] == [0.0, 0.0, 0.0, 10]
    assert METRICS["spent_usd"]["total"] == 0.0


def test_controls_stand_apart_from_the_solver():
    """Means of the controls come from their own arms, and right ones are counted as right."""
    controls = METRICS["controls"]
    for name in ("no_op", "inert"):
        assert [controls[name][k] for k in ("hfs", "overall", "resolved", "right")] == [0, 0, 0, 10]
    assert [controls["reference"][k] for k in ("hfs", "resolved", "right")] == [1, 1, 10]
    assert controls["wrong"] == 0


@pytest.mark.parametrize(
    ("arm", "change"),
    [
        ("control:no_op", {"resolved": True}),
        ("control:inert", {"overall": 0.125}),
        ("control:reference", {"hfs": 0.5}),
    ],
)
def test_a_control_that_is_wrong_is_counted_by_name(arm, change):
    """A control that fixes something, or a reference that fixes not all, names its instance."""
    scores = [{**s, **change} if (s["arm"], s["instance_id"]) == (arm, instance_id(4)) else s for s in TABLES.scores]
    controls = analyze(replaced("scores", scores), made_up_settings()).metrics["controls"]
    assert (controls["wrong"], controls["wrong_instances"]) == (1, [instance_id(4)])


def test_a_control_that_is_missing_is_wrong():
    """A valid instance without a row of a control was not shown to be right."""
    scores = [s for s in TABLES.scores if (s["arm"], s["instance_id"]) != ("control:inert", instance_id(3))]
    assert analyze(replaced("scores", scores), made_up_settings()).metrics["controls"]["wrong"] == 1


def test_store_counts_what_is_new():
    """Four candidates came from the store and six are new."""
    assert METRICS["store"]["run"] == {"new": 6, "reused": 4}


def test_the_hash_of_the_data_ignores_times_and_the_store():
    """Two runs of one result have one hash; another score has another."""
    slower = [{**s, "seconds": 99.0, "reused": True} for s in TABLES.scores]
    other = [{**s, "hfs": 0.123} if s["arm"] == ARM else s for s in TABLES.scores]
    assert analyze(replaced("scores", slower), made_up_settings()).metrics["data_hash"] == METRICS["data_hash"]
    assert analyze(replaced("scores", other), made_up_settings()).metrics["data_hash"] != METRICS["data_hash"]


def test_an_unknown_arm_is_an_error_that_names_the_known_ones():
    """A reading of an arm without scores is a mistake in the configuration, not an empty result."""
    settings = made_up_settings()
    identity = dataclasses.replace(settings.identity, arm="nobody")
    with pytest.raises(BugladderError, match="arm 'nobody' has no rows in the scores table; its arms: control:inert"):
        analyze(TABLES, dataclasses.replace(settings, identity=identity))
