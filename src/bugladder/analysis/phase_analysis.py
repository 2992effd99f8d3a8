"""Decides what a phase amounts to: the tables of one phase become metrics, a decision and tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bugladder.analysis.alerts import alerts
from bugladder.analysis.breakdowns import (
    by_group,
    mode_block,
    mode_table,
    overfit_cases,
    score_distribution,
    verdicts_by_repository,
)
from bugladder.analysis.controls import (
    control_blocks,
    control_table,
    enforcement_table,
    left_tests,
    split_block,
    store_block,
)
from bugladder.analysis.costs import PricedCall, priced_calls
from bugladder.analysis.decision import decide
from bugladder.analysis.expectations import expected_table
from bugladder.analysis.instances import instance_rows
from bugladder.analysis.rounds import gate_table, iteration_block, iteration_table, stop_table
from bugladder.analysis.settings import AnalysisSettings, PhaseTables, Row
from bugladder.analysis.spending import cost_block, cost_table, instance_cost_table, spending_blocks
from bugladder.analysis.summary import counts, plausible, rounded, score_blocks, totals
from bugladder.records import Verdict, canonical_json, sha256_text

# Columns that tell when and how, not what: two runs of one result differ in them.
_CIRCUMSTANCES = {"seconds", "cpu_seconds", "reused"}


@dataclass(frozen=True)
class Analysis:
    """metrics as metrics.json, decision as decision.json, tables by name as lists of rows with equal keys."""

    metrics: dict[str, Any]
    decision: dict[str, Any]
    tables: dict[str, list[dict[str, Any]]]


def analyze(tables: PhaseTables, settings: AnalysisSettings) -> Analysis:
    """Read one phase.

    Args:
        tables: the phase's rows by table.
        settings: plan, criteria, rules, prices, identity.

    Raises:
        BugladderError: the arm has no scores, a called model no price, a criterion no metric.
    """
    calls = priced_calls(tables.calls, settings.prices)
    rows = instance_rows(tables, settings.identity.arm, calls)
    metrics = _metrics(tables, rows, calls, settings)
    decision = decide(metrics, settings)
    found = _tables(tables, rows, metrics, settings) | _money_tables(tables, calls)
    return Analysis(metrics, decision, found | {"criteria": decision["criteria"]})


def data_hash(tables: PhaseTables) -> str:
    """sha256 of what was selected and scored, without times and without what came from the store."""
    kept = [
        [{k: v for k, v in row.items() if k not in _CIRCUMSTANCES} for row in part]
        for part in (tables.instances, sorted(tables.scores, key=lambda s: (s["instance_id"], s["arm"])))
    ]
    return sha256_text(canonical_json(kept))


def hold_block(rows: Sequence[Row], settings: AnalysisSettings) -> dict[str, Any]:
    """Mean Overall of the baseline's instances against the value pinned for this arm; null without a pin.

    n is null: the criterion compares the same few instances with themselves, not a sample with the graded ones.
    """
    pin = settings.rules.pins.get(settings.identity.arm_digest)
    baseline = rows[: settings.rules.baseline_size]
    found = [r["overall"] for r in baseline if r["overall"] is not None]
    mean = rounded(sum(found) / len(found)) if len(found) == len(baseline) and found else None
    known = pin is not None and mean is not None
    reason = "" if known else ("no value is pinned for this arm" if pin is None else "not all of them were graded")
    difference = rounded(mean - pin) if pin is not None and mean is not None else None
    return {"mean": mean, "pinned": pin, "difference": difference, "reason": reason}


def _metrics(
    tables: PhaseTables, rows: Sequence[Row], calls: Sequence[PricedCall], settings: AnalysisSettings
) -> dict[str, Any]:
    valid = {r["instance_id"] for r in rows if r["validity"] is True}
    metrics: dict[str, Any] = {
        "phase": settings.phase.name,
        "dataset": settings.identity.dataset,
        "dataset_identity": dict(tables.dataset_identity),
        "arm": settings.identity.arm,
        "arm_digest": settings.identity.arm_digest,
        "model": {"name": settings.identity.model, "note": settings.identity.note},
        "data_hash": data_hash(tables),
    }
    metrics |= counts(rows) | score_blocks(rows, settings.rules) | totals(rows)
    metrics |= {"cost_usd": cost_block(rows, settings.rules.interval)} | spending_blocks(calls, settings)
    metrics["iterations"] = iteration_block(tables.candidates)
    metrics["plausible"] = plausible(rows)
    metrics["failure_modes"] = mode_block(rows)
    metrics["controls"] = control_blocks(tables.scores, valid, settings.rules)
    metrics["split"] = split_block(tables)
    metrics["store"] = store_block(tables, settings.identity.arm)
    metrics["hold"] = hold_block(rows, settings)
    metrics["interval_level"] = settings.rules.interval.level
    metrics["thresholds"] = {"success": settings.weights.success_threshold, "high_gap": settings.rules.high_gap}
    metrics["alerts"] = alerts(rows, metrics, settings.rules)
    return metrics


def _tables(
    tables: PhaseTables,
    rows: Sequence[dict[str, Any]],
    metrics: dict[str, Any],
    settings: AnalysisSettings,
) -> dict[str, list[dict[str, Any]]]:
    level = settings.rules.interval.level
    invalid = [r for r in rows if r["verdict"] == Verdict.INVALID_INSTANCE]
    return {
        "instances": list(rows),
        "invalid_instances": [{k: r[k] for k in ("instance_id", "origin", "repo", "reason")} for r in invalid],
        "left_tests": left_tests(tables.controls),
        "controls": control_table(metrics["controls"]),
        "score_distribution": score_distribution(rows, settings.phase, settings.rules),
        "per_repository": by_group(rows, "repo", level),
        "per_difficulty": by_group(rows, "difficulty", level),
        "per_origin": by_group(rows, "origin", level),
        "per_operator": by_group([r for r in rows if r["operator"]], "operator", level),
        "verdicts_by_repository": verdicts_by_repository(rows),
        "expected_vs_actual": expected_table(metrics, settings),
        "overfit_cases": overfit_cases(rows, settings.rules.high_gap),
        "failure_modes": mode_table(rows),
        "selection_shares": [dict(s) for s in tables.selection_shares],
        "enforcement": enforcement_table(tables),
    }


def _money_tables(tables: PhaseTables, calls: Sequence[PricedCall]) -> dict[str, list[dict[str, Any]]]:
    return {
        "costs": cost_table(calls),
        "costs_per_instance": instance_cost_table(calls),
        "gates": gate_table(tables.attempts),
        "stop_reasons": stop_table(tables.attempts),
        "iterations": iteration_table(tables.candidates),
    }
