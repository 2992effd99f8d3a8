"""Decides what a reader is told not to conclude: from this n, these origins, these sandboxes, this one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bugladder.reporting.page import Row, Section
from bugladder.reporting.text import interval, number


def limits_section(
    metrics: Mapping[str, Any], decision: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]
) -> Section:
    """Points computed from the data, so that each is true of this very phase."""
    points = (
        *_about_n(metrics, decision),
        *_about_gap(metrics),
        *_about_origins(tables["instances"]),
        *_about_sandbox(tables["enforcement"]),
        "One run of one arm with one seed: intervals are about other instances of this dataset, not about other runs.",
    )
    words = f"Data {metrics['data_hash']}, arm {metrics['arm_digest']}."
    return Section("Limits of this reading", (words,), points)


def _about_n(metrics: Mapping[str, Any], decision: Mapping[str, Any]) -> list[str]:
    resolved, n_graded = metrics["resolved"], metrics["n_graded"]
    points = []
    if n_graded:
        ends = interval(resolved["ci_low"], resolved["ci_high"])
        points.append(f"With {n_graded} graded instances, a true resolved rate anywhere in {ends} would fit the data.")
    if n_graded < metrics["n_selected"]:
        points.append(f"{metrics['n_selected'] - n_graded} selected instances were not graded and are not in any mean.")
    open_ones = sorted({c["says"] for c in decision["criteria"] if c["n_suffices"] is False})
    if open_ones:
        points.append(f"n is too small to tell on which side of its threshold it truly lies: {'; '.join(open_ones)}.")
    unknown = sorted({f"{c['says']} ({c['reason']})" for c in decision["criteria"] if c["passed"] is None})
    if unknown:
        points.append(f"Unknown: {'; '.join(unknown)}.")
    if metrics["overall"]["worst"] != metrics["overall"]["best"]:
        worst, best = number(metrics["overall"]["worst"]), number(metrics["overall"]["best"])
        points.append(f"Counting infrastructure failures as 0 or as 1 puts mean Overall between {worst} and {best}.")
    return points


def _about_gap(metrics: Mapping[str, Any]) -> list[str]:
    n, n_graded = metrics["overfit_gap"]["n"], metrics["n_graded"]
    if n == n_graded:
        return []
    return [f"The gap could be measured on {n} of {n_graded} graded instances; the others have no public failing test."]


def _about_origins(instances: Sequence[Row]) -> list[str]:
    injected = sum(r["origin"] == "injected" for r in instances)
    if not injected:
        return []
    words = "single planted edits and no real bugs: read the rows per origin, not only the mean"
    return [f"{injected} of {len(instances)} instances are injected, {words}."]


def _about_sandbox(enforcement: Sequence[Row]) -> list[str]:
    loose = sorted({f"{r['limit']}: {r['state']}" for r in enforcement if str(r["state"]).startswith("open")})
    return [f"This machine could not enforce: {', '.join(loose)}."] if loose else []
