"""Decides how the plan stands beside what was measured: one line per measure, both marks and the interval on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bugladder.figures.look import BLUE, ORANGE, VERMILION, Caption, canvas, entries_of, legend, settle, style

_NAMES = {
    "overall": "Overall",
    "brs": "BRS",
    "hfs": "HFS",
    "tss": "TSS",
    "overfit_gap": "Overfit Gap",
    "success_rate": "success rate",
}


def plot_expected(expected: Sequence[Mapping[str, Any]], caption: Caption) -> Figure:
    """Plan against actual.

    Args:
        expected: rows of the expected_vs_actual table; measures in USD or minutes are left to the table.
        caption: what stands below.
    """
    rows = [r for r in expected if r["measure"] in _NAMES]
    with style():
        figure, (ax,) = canvas("Expected by the plan against measured", caption, 3.9)
        for place, row in enumerate(reversed(rows)):
            _line(ax, place, row)
        ax.set_yticks(range(len(rows)), [f"{_NAMES[r['measure']]} (n = {r['n']})" for r in reversed(rows)])
        lowest = min([0.0, *(r[k] for r in rows for k in ("actual", "ci_low") if r[k] is not None)])
        ax.set_xlim(lowest - 0.03, 1.03)
        ax.grid(axis="x", color="#DDDDDD", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.tick_params(axis="y", length=0)
        legend(figure, entries_of(ax))
    return settle(figure)


def _line(ax: Axes, place: int, row: Mapping[str, Any]) -> None:
    actual = row["actual"]
    if actual is not None:
        ax.plot([row["plan"], actual], [place, place], color="#BBBBBB", linewidth=2, zorder=1)
    if row["ci_low"] is not None:
        ax.plot(
            [row["ci_low"], row["ci_high"]],
            [place, place],
            color=BLUE,
            linewidth=5,
            alpha=0.35,
            label="confidence interval",
        )
    ax.plot(
        row["plan"], place, "D", color="white", markeredgecolor=VERMILION, markeredgewidth=2, markersize=8, label="plan"
    )
    if row["plan_by_formula"] is not None:
        # below the line, where it cannot be covered by the plan's own mark
        ax.plot(
            row["plan_by_formula"], place - 0.27, "^", color=ORANGE, markersize=7, label="formula on the plan's parts"
        )
    if actual is not None:
        ax.plot(actual, place, "o", color=BLUE, markersize=9, label="measured")
    else:
        ax.annotate("not measured", (0.02, place), va="center", color="#555555", fontsize=9)
