"""What metrics.json and its tables say of money, on calls whose cost is computed by hand."""

import dataclasses

import pytest
from made_up_phase import ARM, call, instance_id, made_up_settings, made_up_tables, not_graded

from bugladder.analysis.comparison import compare
from bugladder.analysis.criteria import measure
from bugladder.analysis.intervals import ratio_bootstrap
from bugladder.analysis.phase_analysis import analyze
from bugladder.analysis.settings import IntervalSettings
from bugladder.records.prices import PriceTable

# Instances 0 to 3 came from the store in the made-up phase, 4 to 9 are new; 0, 4 and 8 are resolved.
CALLS = [
    call(0, 0, was_paid=False),
    call(4, 0, step="reproduce", tokens_in=1_000_000, tokens_cached=0, tokens_out=0, tokens_reasoning=0),
    call(4, 1),
    call(5, 0, was_cached=True, was_paid=False),
    call(6, 0, is_lost=True, model_answered=""),
]
TABLES = dataclasses.replace(made_up_tables(), calls=CALLS)
FOUND = analyze(TABLES, made_up_settings())
METRICS = FOUND.metrics


def analyzed(settings=None, **changes):
    """The phase with other tables, read again."""
    return analyze(dataclasses.replace(TABLES, **changes), settings or made_up_settings())


def test_cost_is_what_the_replies_are_worth_and_spent_what_this_run_paid():
    """$6.50 + $2 + $6.50 + $6.50 were used; paid were $2 + $6.50 of a new instance and $6.50 for the lost try."""
    assert METRICS["cost_usd"]["total"] == pytest.approx(21.5)
    assert METRICS["spent_usd"]["total"] == pytest.approx(15.0)


def test_cost_is_shared_out_over_graded_and_resolved_instances():
    """$21.50 over ten graded instances and over three resolved ones, the interval around each."""
    cost = METRICS["cost_usd"]
    assert (cost["per_instance"], cost["n"]) == (2.15, 10)
    assert (cost["per_resolved"], cost["per_resolved_n"]) == (pytest.approx(21.5 / 3, abs=1e-6), 3)
    assert cost["ci_low"] < 2.15 < cost["ci_high"]
    found = measure(METRICS, "cost_usd.per_instance")
    assert (found.low, found.high, found.n) == (cost["ci_low"], cost["ci_high"], 10)


def test_what_was_paid_in_vain_is_a_part_of_what_a_graded_instance_costs():
    """An instance lost to the infrastructure leaves the divisor, and its calls stay in the sum."""
    scores = [s for s in TABLES.scores if not (s["arm"] == ARM and s["instance_id"] == instance_id(4))]
    cost = analyzed(scores=[*scores, not_graded(4, "infra_error")]).metrics["cost_usd"]
    assert (cost["total"], cost["n"], cost["per_instance"]) == (21.5, 9, pytest.approx(21.5 / 9, abs=1e-6))


def test_nothing_resolved_has_no_price():
    """The cost per resolved instance is null where none was resolved, and never a division by zero."""
    scores = [{**s, "resolved": False, "verdict": "unresolved"} if s["resolved"] else s for s in TABLES.scores]
    cost = analyzed(scores=scores).metrics["cost_usd"]
    assert (cost["per_resolved"], cost["per_resolved_n"], cost["per_resolved_ci_high"]) == (None, 0, None)


def test_money_is_split_by_model_step_and_instance_without_loss():
    """Each breakdown holds every dollar; the lost try stands with the model that was asked."""
    costs = METRICS["costs"]
    for parts in costs.values():
        assert sum(p["cost_usd"] for p in parts.values()) == pytest.approx(21.5)
        assert sum(p["spent_usd"] for p in parts.values()) == pytest.approx(15.0)
    assert costs["per_step"]["reproduce"] == {
        "count": 1, "tokens_in": 1_000_000, "tokens_cached": 0, "tokens_out": 0, "tokens_reasoning": 0,
        "cost_usd": 2.0, "spent_usd": 2.0,
    }  # fmt: skip
    assert list(costs["per_model"]) == ["made-up"]
    assert costs["per_instance"][instance_id(6)] == {"count": 0, "cost_usd": 0.0, "spent_usd": 6.5}


def test_the_table_has_a_row_per_model_and_step():
    """Model and step make the rows of tables/costs.csv, sorted."""
    other = call(7, 0, model_asked="made-up", model_answered="made-up-2026")
    rows = analyzed(calls=[*CALLS, other]).tables["costs"]
    assert [(r["model"], r["step"], r["count"]) for r in rows] == [
        ("made-up", "fix", 3), ("made-up", "reproduce", 1), ("made-up-2026", "fix", 1),
    ]  # fmt: skip


def test_calls_are_counted_without_the_lost_ones():
    """Four replies were used on three instances, one try was lost on a fourth, one reply came from the cache."""
    calls = METRICS["calls"]
    assert (calls["count"], calls["instances"], calls["lost"], calls["cache_hits"]) == (4, 3, 1, 1)
    assert (calls["tokens_in"], calls["tokens_out"]) == (7_000_000, 1_500_000)


def test_a_model_that_counts_as_free_is_named():
    """Where unpriced models are allowed, the metrics say which were taken for free."""
    settings = dataclasses.replace(made_up_settings(), prices=PriceTable(as_of="2026-01-01", allow_unpriced=True))
    metrics = analyzed(settings).metrics
    assert metrics["prices"] == {"as_of": "2026-01-01", "read_at": {}, "unpriced": ["made-up"]}
    assert metrics["cost_usd"]["total"] == 0.0


def test_dear_instances_are_an_alert():
    """$2.15 per instance is no alert at $7 and one at $2."""
    assert not [a for a in METRICS["alerts"] if "$" in a]
    alerts = analyzed(made_up_settings(alert_cost_usd=2.0)).metrics["alerts"]
    assert [a for a in alerts if "$" in a] == ["$2.15 per instance is above $2: try a cheaper model"]


def test_the_plan_stands_beside_the_real_cost():
    """Expected against measured shows the cost per graded instance with its interval."""
    row = next(r for r in FOUND.tables["expected_vs_actual"] if r["measure"] == "cost_usd_per_instance")
    assert (row["plan"], row["actual"], row["ci_low"]) == (5.0, 2.15, METRICS["cost_usd"]["ci_low"])


def test_a_comparison_shows_each_arms_money_with_its_interval():
    """An arm's USD are its own phase's, controls have none, and a scripted arm says what it is."""
    scripted = analyze(made_up_tables(), made_up_settings(model="scripted"))
    arms = {r["arm"]: r for r in compare({"dear": FOUND, "scripted": scripted}, IntervalSettings())["arms"]}
    cost = METRICS["cost_usd"]
    assert [arms["dear"][k] for k in ("cost_usd", "cost_usd_per_instance", "cost_usd_ci_low", "cost_usd_ci_high")] == [
        21.5, 2.15, cost["ci_low"], cost["ci_high"],
    ]  # fmt: skip
    assert (arms["scripted"]["cost_usd"], arms["scripted"]["cost_usd_ci_low"]) == (0.0, None)
    assert (arms["dear"]["note"], arms["scripted"]["note"]) == ("", "scripted replies, not a model")
    assert arms["control:no_op"]["cost_usd_per_instance"] is None


def test_the_decision_of_scripted_replies_says_so():
    """A sentence that stands alone in a report, a terminal or a run's note names what answered."""
    found = analyze(TABLES, made_up_settings(model="scripted"))
    assert found.decision["sentence"].startswith("p1 (scripted replies, not a model): ")
    assert found.metrics["model"] == {"name": "scripted", "note": "scripted replies, not a model"}
    assert FOUND.decision["sentence"].startswith("p1: ")


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([(1.0, 1.0)], "n < 2"),
        ([(2.0, 1.0), (2.0, 1.0)], "all values are equal"),
        ([(1.0, 0.0), (1.0, 1.0)], "too few to divide by"),
    ],
)
def test_a_ratio_without_an_interval_says_why(pairs, reason):
    """One instance, no variation, or a divisor that a quarter of the resamples lack: null with a reason."""
    found = ratio_bootstrap(pairs, IntervalSettings(), "made up")
    assert (found.low, found.high, found.reason) == (None, None, reason)


def test_a_ratio_of_ones_is_a_mean():
    """With a divisor of 1 everywhere, the interval of two values has the values themselves as ends."""
    found = ratio_bootstrap([(1.0, 1.0), (3.0, 1.0)], IntervalSettings(), "made up")
    assert (found.low, found.high) == (1.0, 3.0)
