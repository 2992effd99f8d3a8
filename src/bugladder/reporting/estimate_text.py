"""Decides how an estimate reads in a terminal: what is new, a table with intervals, what it rests on, what lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bugladder.reporting.text import DASH, number, one_line

_NAMES = {
    "calls": ("calls", 0),
    "tokens_in": ("tokens in", 0),
    "tokens_cached": ("of these cached", 0),
    "tokens_out": ("tokens out", 0),
    "usd": ("USD newly paid", 2),
    "hours": ("hours of solving", 2),
}


def estimate_text(estimate: Mapping[str, Any]) -> str:
    """Lines for a terminal.

    Args:
        estimate: `phase`, `dataset`, `arm`, `model`, `instances` (size, reused, new), `quantities` (rows of
            analysis.estimate), `level`, `basis`, `notes`, `lacks`.
    """
    counted = estimate["instances"]
    head = (
        f"{estimate['phase']} on {estimate['dataset']} with {estimate['arm']}, model {estimate['model']}: "
        f"{counted['new']} of {counted['size']} instances are new, {counted['reused']} are in the store."
    )
    table = _aligned([("", "expected", f"{estimate['level']:.0%} interval"), *map(_cells, estimate["quantities"])])
    lacks = (
        ["", "What lacks:", *(f"- {lack}" for lack in estimate["lacks"])]
        if estimate["lacks"]
        else ["", "Nothing lacks."]
    )
    return "\n".join([one_line(head), estimate["basis"], "", *table, "", *estimate["notes"], *lacks])


def _cells(row: Mapping[str, Any]) -> tuple[str, str, str]:
    name, digits = _NAMES[row["quantity"]]
    ends = f"{number(row['low'], digits)} to {number(row['high'], digits)}"
    return name, number(row["expected"], digits), ends if row["low"] is not None else f"{DASH} ({row['reason']})"


def _aligned(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    name, value = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{row[0]:<{name}}  {row[1]:>{value}}  {row[2]}" for row in rows]
