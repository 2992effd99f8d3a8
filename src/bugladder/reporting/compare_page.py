"""Decides what a comparison of arms says: arms and controls as rows, then paired differences on shared instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bugladder.reporting.page import Page, Row, Section, grid
from bugladder.reporting.provenance import dataset_line
from bugladder.reporting.text import interval, number


def compare_page(comparison: Mapping[str, Any], name: str) -> Page:
    """The page of a comparison.

    Args:
        comparison: as compare.json: `arms`, `differences`, `phase`, `dataset`, `dataset_identity`, `level`.
        name: the comparison's name.
    """
    arms = [r for r in comparison["arms"] if not r["arm"].startswith("control:")]
    best = max(arms, key=lambda r: (r["overall"] is not None, r["overall"] or 0.0))
    note = f" ({best['note']})" if best["note"] else ""
    highest = f"{best['arm']}{note}, {number(best['overall'])} on {best['n_graded']} graded"
    return Page(
        title=f"Comparison {name}: {comparison['phase']} on {comparison['dataset']}",
        headline=f"Highest mean Overall: {highest}.",
        lead=(
            "A comparison is asked for by a person and obeys no phase's decision; none was read or written.",
            *dataset_line(comparison["dataset_identity"]),
        ),
        sections=(_arms(comparison), _differences(comparison)),
    )


def _score(key: str, ends_of: str | None = None) -> Any:
    low, high = (f"{ends_of or key}_ci_{end}" for end in ("low", "high"))

    def cell(row: Row) -> str:
        return number(row[key]) if row[low] is None else f"{number(row[key])} ({interval(row[low], row[high])})"

    return cell


def _arms(comparison: Mapping[str, Any]) -> Section:
    columns = (
        ("arm", "arm"),
        ("model", lambda r: f"{number(r['model'])} ({r['note']})" if r["note"] else number(r["model"])),
        ("graded", lambda r: f"{r['n_graded']} of {r['n_selected']}"),
        ("Overall", _score("overall")),
        ("HFS", _score("hfs")),
        ("resolved", _score("resolved")),
        ("gap", _score("gap")),
        ("gap n", "gap_n"),
        ("USD", "cost_usd"),
        ("USD per instance", _score("cost_usd_per_instance", "cost_usd")),
        ("USD per resolved", _score("cost_usd_per_resolved")),
        ("seconds", lambda r: number(r["seconds"], 0)),
        ("seconds per instance", lambda r: number(r["seconds_per_instance"], 1)),
    )
    words = (
        f"{comparison['level']:.0%} intervals in brackets; where there is none, n is below 2 or all values are equal. "
        "Controls are no solvers: they show what fixing nothing and fixing everything score."
    )
    return Section("Arms", (words,), grids=(grid(comparison["arms"], columns),))


def _differences(comparison: Mapping[str, Any]) -> Section:
    columns = (
        ("second minus first", lambda r: f"{r['second']} minus {r['first']}"),
        ("score", lambda r: r["score"].replace("_", " ")),
        ("shared instances", "n_shared"),
        ("mean difference", "difference"),
        ("interval", lambda r: interval(r["ci_low"], r["ci_high"], r["reason"])),
        ("second is higher on", "second_better"),
        ("first is higher on", "first_better"),
    )
    words = ("Paired on the instances that both arms have graded; the interval is a bootstrap of the differences.",)
    rows = comparison["differences"]
    return Section("Paired differences", words, grids=(grid(rows, columns),) if rows else ())
