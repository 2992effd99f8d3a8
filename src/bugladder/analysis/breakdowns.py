"""Decides how results are cut: bins of scores, repositories, difficulties, origins, operators, overfit cases, modes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from bugladder.analysis.failure_modes import MODES
from bugladder.analysis.instances import SCORES
from bugladder.analysis.intervals import wilson
from bugladder.analysis.settings import AnalysisRules, PhasePlan, Row
from bugladder.analysis.summary import rounded
from bugladder.records import Verdict

_NOTHING = "(none)"


def score_distribution(rows: Sequence[Row], plan: PhasePlan, rules: AnalysisRules) -> list[dict[str, Any]]:
    """Instances per score and bin; the last bin includes 1. Overall has the plan's counts where it gives these bins."""
    found = []
    n_bins = round(1 / rules.bin_width)
    for name in (s for s in SCORES if s != "overfit_gap"):
        values = [r[name] for r in rows if r[name] is not None]
        binned = [_bin(value, rules.bin_width, n_bins) for value in values]
        plan_bins = plan.expected.overall_bins if name == "overall" else None
        # the plan counts in bins of 0.2; bins of another width have no counterpart in it
        expected = plan_bins if plan_bins is not None and len(plan_bins) == n_bins else None
        for index in range(n_bins):
            low, high = index * rules.bin_width, (index + 1) * rules.bin_width
            row = {"score": name, "bin": f"{low:.1f}-{high:.1f}", "count": binned.count(index)}
            row |= {"n": len(values), "share": rounded(binned.count(index) / len(values)) if values else None}
            found.append(row | {"plan_count": expected[index] if expected else None})
    return found


def _bin(value: float, width: float, n_bins: int) -> int:
    # 0.6 / 0.2 is 2.9999999999999996: a value on an edge belongs to the bin above it
    return min(n_bins - 1, math.floor(value / width + 1e-9))


def by_group(rows: Sequence[Row], column: str, level: float) -> list[dict[str, Any]]:
    """One row per value of a column: counts, resolved with Wilson's interval, mean scores (gap with its own n)."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column] or _NOTHING].append(row)
    return [_group(column, value, groups[value], level) for value in sorted(groups)]


def _group(column: str, value: str, rows: Sequence[Row], level: float) -> dict[str, Any]:
    graded = [r for r in rows if Verdict(r["verdict"]).is_graded]
    resolved = sum(bool(r["resolved"]) for r in graded)
    interval = wilson(resolved, len(graded), level)
    gaps = [r["overfit_gap"] for r in graded if r["overfit_gap"] is not None]
    row: dict[str, Any] = {
        column: value,
        "n_selected": len(rows),
        "n_valid": sum(r["validity"] is True for r in rows),
        "n_graded": len(graded),
        "resolved": resolved,
        "resolved_rate": rounded(resolved / len(graded)) if graded else None,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "plausible": sum(r["public_rate"] == 1.0 for r in graded),
        "rejected_by_hidden": sum(r["public_rate"] == 1.0 and not r["resolved"] for r in graded),
    }
    for name in ("overall", "hfs"):
        row[f"{name}_mean"] = rounded(_mean([r[name] for r in graded]))
    return row | {"gap_mean": rounded(_mean(gaps)), "gap_n": len(gaps)}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def verdicts_by_repository(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One row per repository: instances by verdict."""
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        groups[row["repo"]].append(row["verdict"])
    return [{"repo": repo} | {v.value: groups[repo].count(v.value) for v in Verdict} for repo in sorted(groups)]


def overfit_cases(rows: Sequence[Row], high_gap: float) -> list[dict[str, Any]]:
    """Instances whose gap is above `high_gap`, largest first."""
    columns = ("instance_id", "origin", "repo", "operator", "public_rate", "hfs", "overfit_gap", "verdict")
    cases = [r for r in rows if r["overfit_gap"] is not None and r["overfit_gap"] > high_gap]
    return [{c: r[c] for c in columns} for r in sorted(cases, key=lambda r: (-r["overfit_gap"], r["instance_id"]))]


def mode_table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One row per failure mode that occurs: what it means, how often, on which instances."""
    found = [r for r in rows if r["mode"] is not None]
    table = []
    for mode, meaning in MODES.items():
        ids = [r["instance_id"] for r in found if r["mode"] == mode]
        if ids:
            share = rounded(len(ids) / len(found))
            table.append(
                {"mode": mode, "means": meaning, "count": len(ids), "share": share, "instances": " ".join(ids)}
            )
    return table


def mode_block(rows: Sequence[Row]) -> dict[str, Any]:
    """How many unresolved instances have a mode other than unknown; the share of none is 1. n is what was looked at."""
    modes = [r["mode"] for r in rows if r["mode"] is not None]
    named = sum(mode != "unknown" for mode in modes)
    n_graded = sum(Verdict(r["verdict"]).is_graded for r in rows)
    return {
        "unresolved": len(modes),
        "named": named,
        "named_share": rounded(named / len(modes)) if modes else (1.0 if n_graded else None),
        "n": n_graded,
    }
