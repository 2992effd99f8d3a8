"""Decides how arms stand to each other: each arm's numbers, and paired differences on shared instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from bugladder.analysis.intervals import bootstrap
from bugladder.analysis.phase_analysis import Analysis
from bugladder.analysis.settings import IntervalSettings
from bugladder.analysis.summary import rounded
from bugladder.records import Control

_PAIRED = ("overall", "hfs", "resolved", "overfit_gap")
# What a control has not: it sees nothing public, and nobody pays for it.
_MONEY = ("per_instance", "ci_low", "ci_high", "per_resolved", "per_resolved_ci_low", "per_resolved_ci_high")
_NOT_FOR_CONTROLS = (
    *("model", "note", "gap", "gap_ci_low", "gap_ci_high", "gap_n", "cost_usd"),
    *(f"cost_usd_{key}" for key in _MONEY),
)
_EMPTY_ROW = dict.fromkeys((*_NOT_FOR_CONTROLS, "seconds", "seconds_per_instance"))


def compare(arms: Mapping[str, Analysis], settings: IntervalSettings) -> dict[str, Any]:
    """Arms beside each other, controls as rows of their own.

    Args:
        arms: analysis by arm name, all of the same phase and dataset.
        settings: of the intervals.

    Returns:
        `phase`, `dataset`, `dataset_identity`, `obeys` (null: a comparison obeys no decision), `arms` (rows),
        `differences` (rows: second minus first on the instances both graded, with a bootstrap interval of the mean).
    """
    first = next(iter(arms.values()))
    return {
        "phase": first.metrics["phase"],
        "dataset": first.metrics["dataset"],
        "dataset_identity": first.metrics["dataset_identity"],
        "data_hash": {name: analysis.metrics["data_hash"] for name, analysis in arms.items()},
        "obeys": None,
        "level": settings.level,
        "arms": [_arm_row(name, a.metrics) for name, a in arms.items()] + _control_rows(first.metrics),
        "differences": [
            row for a, b in combinations(arms, 2) for row in _differences((a, arms[a]), (b, arms[b]), settings)
        ],
    }


def _arm_row(name: str, m: Mapping[str, Any]) -> dict[str, Any]:
    gap = m["overfit_gap"]
    row = {"arm": name, "digest": m["arm_digest"], "n_graded": m["n_graded"], "n_selected": m["n_selected"]}
    row |= {"model": m["model"]["name"], "note": m["model"]["note"]}
    for key, leaf in (("overall", "mean"), ("hfs", "mean"), ("resolved", "rate")):
        row |= {key: m[key][leaf], f"{key}_ci_low": m[key]["ci_low"], f"{key}_ci_high": m[key]["ci_high"]}
    row |= {"gap": gap["mean"], "gap_ci_low": gap["ci_low"], "gap_ci_high": gap["ci_high"], "gap_n": gap["n"]}
    row |= {"cost_usd": m["cost_usd"]["total"]} | {f"cost_usd_{key}": m["cost_usd"][key] for key in _MONEY}
    return row | {"seconds": m["seconds"]["total"], "seconds_per_instance": m["seconds"]["per_instance"]}


def _control_rows(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys = [f"{name}{end}" for name in ("overall", "hfs", "resolved") for end in ("", "_ci_low", "_ci_high")]
    rows = []
    for control in Control:
        block = metrics["controls"][control.value]
        head = {"arm": control.arm, "digest": None, "n_graded": block["n"], "n_selected": metrics["n_selected"]}
        rows.append(head | {key: block[key] for key in keys} | _EMPTY_ROW)
    return rows


def _differences(
    first: tuple[str, Analysis], second: tuple[str, Analysis], settings: IntervalSettings
) -> list[dict[str, Any]]:
    rows = []
    for score in _PAIRED:
        left, right = _values(first[1], score), _values(second[1], score)
        shared = [i for i in left if i in right]
        paired = [right[i] - left[i] for i in shared]
        interval = bootstrap(paired, "mean", settings, f"{first[0]}|{second[0]}|{score}")
        rows.append(
            {
                "first": first[0],
                "second": second[0],
                "score": score,
                "n_shared": len(shared),
                "difference": rounded(sum(paired) / len(paired)) if paired else None,
                "ci_low": interval.low,
                "ci_high": interval.high,
                "reason": interval.reason,
                "second_better": sum(d > 0 for d in paired),
                "first_better": sum(d < 0 for d in paired),
            }
        )
    return rows


def _values(analysis: Analysis, score: str) -> dict[str, float]:
    rows: Sequence[Mapping[str, Any]] = analysis.tables["instances"]
    return {r["instance_id"]: float(r[score]) for r in rows if r[score] is not None}
