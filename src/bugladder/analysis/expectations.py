"""Decides how the plan's figures stand beside the measured ones, and what the formula makes of the plan's own parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bugladder.analysis.settings import AnalysisSettings, Expected
from bugladder.analysis.summary import rounded
from bugladder.records.weights import ScoringSettings


def overall_by_formula(expected: Expected, weights: ScoringSettings) -> float:
    """Overall from the plan's HFS, TSS and gap (DESIGN section 4); without an iterations share that term leaves.

    Where HFS is 0, Overall is the TSS term alone.
    """
    w = weights
    if expected.hfs == 0:
        return w.weight_tss * expected.tss
    total = w.weight_hfs * expected.hfs + w.weight_tss * expected.tss + w.weight_gap * (1 - abs(expected.overfit_gap))
    divisor = w.weight_hfs + w.weight_tss + w.weight_gap
    if expected.iterations_share is not None:
        total += w.weight_iterations * (1 - expected.iterations_share)
        divisor += w.weight_iterations
    return total / divisor


def tss_by_formula(expected: Expected) -> float:
    """TSS from the plan's BRS and public rate, which is its HFS plus its gap: 0.5 BRS + 0.5 public_rate."""
    return 0.5 * expected.brs + 0.5 * min(1.0, expected.hfs + expected.overfit_gap)


def expected_table(metrics: Mapping[str, Any], settings: AnalysisSettings) -> list[dict[str, Any]]:
    """One row per measure: plan, what the formula gives from the plan's parts, actual with interval and n."""
    plan = settings.phase.expected
    formula = {"overall": overall_by_formula(plan, settings.weights), "tss": tss_by_formula(plan)}
    rows = [
        _row(name, getattr(plan, name), formula.get(name), metrics[name], "mean")
        for name in ("overall", "brs", "hfs", "tss", "overfit_gap")
    ]
    rows.append(_row("success_rate", plan.success_rate, None, metrics["success"], "rate"))
    cost, seconds = metrics["cost_usd"], metrics["seconds"]
    rows.append(_row("cost_usd_per_instance", plan.cost_usd_per_instance, None, cost, "per_instance"))
    minutes = None if seconds["per_instance"] is None else seconds["per_instance"] / 60
    rows.append(_row("minutes_per_instance", plan.minutes_per_instance, None, {"m": minutes, "n": seconds["n"]}, "m"))
    return rows


def _row(name: str, plan: float, formula: float | None, block: Mapping[str, Any], leaf: str) -> dict[str, Any]:
    actual = block[leaf]
    return {
        "measure": name,
        "plan": plan,
        "plan_by_formula": rounded(formula),
        "actual": rounded(actual),
        "ci_low": block.get("ci_low"),
        "ci_high": block.get("ci_high"),
        "n": block["n"],
        "difference": None if actual is None else rounded(actual - plan),
    }
