"""Decides how money is shown: per graded and per resolved instance with intervals, by model, step and instance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from bugladder.analysis.costs import PricedCall, call_totals
from bugladder.analysis.intervals import ratio_bootstrap
from bugladder.analysis.settings import AnalysisSettings, IntervalSettings, Row
from bugladder.analysis.summary import rounded
from bugladder.records import Verdict
from bugladder.records.prices import PriceTable

# What metrics.json says of each; the rest stands in tables/costs.csv and tables/costs_per_instance.csv.
_MONEY = ("count", "cost_usd", "spent_usd")
_SHOWN = ("count", "tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "cost_usd", "spent_usd")


def cost_block(rows: Sequence[Row], settings: IntervalSettings) -> dict[str, Any]:
    """cost_usd of metrics.json: total, and USD per graded and per resolved instance with bootstrap intervals.

    The total holds every instance's cost, that of ungraded ones too: what a graded or a resolved instance costs
    includes what was paid in vain.

    Args:
        rows: of `instance_rows`.
        settings: of the intervals.
    """
    costs = [float(r["cost_usd"]) for r in rows]
    graded = [Verdict(r["verdict"]).is_graded for r in rows]
    resolved = [r["resolved"] is True for r in rows]
    at_stake = [i for i, cost in enumerate(costs) if cost or graded[i]]
    block: dict[str, Any] = {"total": rounded(sum(costs))}
    for name, end, counted in (("per_instance", "", graded), ("per_resolved", "per_resolved_", resolved)):
        n = sum(counted)
        pairs = [(costs[i], float(counted[i])) for i in at_stake]
        interval = ratio_bootstrap(pairs, settings, f"cost_usd.{name}")
        block[name] = rounded(sum(costs) / n) if n else None
        block |= {f"{end}ci_low": interval.low, f"{end}ci_high": interval.high}
        block |= {f"{end}n": n, f"{end}reason": interval.reason if n else "n is 0"}
    return block


def spending_blocks(calls: Sequence[PricedCall], settings: AnalysisSettings) -> dict[str, Any]:
    """What metrics.json says of calls beside the totals: `calls`, `costs` by model, step and instance, `prices`."""
    return {
        "calls": {k: v for k, v in call_totals(calls).items() if not k.endswith("_usd")},
        "costs": {
            "per_model": _by(calls, lambda c: c.model, _SHOWN),
            "per_step": _by(calls, lambda c: str(c.row["step"]), _SHOWN),
            "per_instance": _by(calls, lambda c: str(c.row["instance_id"]), _MONEY),
        },
        "prices": {
            "as_of": settings.prices.as_of,
            "read_at": {name: settings.prices.models[name].read_at for name in _priced(calls, settings.prices)},
            "unpriced": unpriced(calls, settings.prices),
        },
        "budget_usd": settings.phase.budget_usd,
    }


def _priced(calls: Sequence[PricedCall], prices: PriceTable) -> list[str]:
    """Models of the price list that calls were priced by."""
    names = {name for c in calls for name in (c.row["model_answered"], c.row["model_asked"])}
    return sorted(names & prices.models.keys())


def unpriced(calls: Sequence[PricedCall], prices: PriceTable) -> list[str]:
    """Models without a price that were counted as free because the configuration allows it."""
    listed = prices.models
    return sorted(
        {c.model for c in calls if c.row["model_answered"] not in listed and c.row["model_asked"] not in listed}
    )


def cost_table(calls: Sequence[PricedCall]) -> list[dict[str, Any]]:
    """One row per model and step that occur together: the columns of `call_totals`."""
    groups = _grouped(calls, lambda c: (c.model, str(c.row["step"])))
    return [{"model": model, "step": step} | call_totals(groups[model, step]) for model, step in sorted(groups)]


def instance_cost_table(calls: Sequence[PricedCall]) -> list[dict[str, Any]]:
    """One row per instance with calls: the columns of `call_totals`, `instances` aside."""
    groups = _grouped(calls, lambda c: str(c.row["instance_id"]))
    totals = {name: call_totals(groups[name]) for name in sorted(groups)}
    return [
        {"instance_id": name} | {k: v for k, v in found.items() if k != "instances"} for name, found in totals.items()
    ]


def _by(
    calls: Sequence[PricedCall], key: Callable[[PricedCall], str], shown: Sequence[str]
) -> dict[str, dict[str, Any]]:
    groups = _grouped(calls, key)
    totals = {name: call_totals(groups[name]) for name in sorted(groups)}
    return {name: {k: found[k] for k in shown} for name, found in totals.items()}


def _grouped(calls: Sequence[PricedCall], key: Callable[[PricedCall], Any]) -> dict[Any, list[PricedCall]]:
    groups: dict[Any, list[PricedCall]] = defaultdict(list)
    for call in calls:
        groups[key(call)].append(call)
    return groups
