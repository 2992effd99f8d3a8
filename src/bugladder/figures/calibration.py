"""Decides how the controls stand beside the solver: Overall, HFS and resolved of each arm, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bugladder.figures.look import BLUE, GREEN, ORANGE, Caption, canvas, entries_of, legend, literal, settle, style

_SCORES = (("overall", "mean Overall", BLUE), ("hfs", "mean HFS", ORANGE), ("resolved", "resolved", GREEN))
_HEIGHT = 0.25


def plot_controls(controls: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any], caption: Caption) -> Figure:
    """One group of bars per arm: what fixes nothing, the solver, what fixes everything.

    Args:
        controls: rows of the controls table.
        metrics: the solver's blocks.
        caption: what stands below.
    """
    by_arm = {r["arm"]: r for r in controls}
    rows = [by_arm["control:reference"], _solver(metrics), by_arm["control:inert"], by_arm["control:no_op"]]
    with style():
        figure, (ax,) = canvas("The solver between its controls", caption, 4.2)
        for offset, (name, label, color) in enumerate(_SCORES):
            _bars(ax, rows, (name, label, color), (1 - offset) * _HEIGHT)
        ax.set_yticks(range(len(rows)), [f"{literal(r['arm'])}\n(n = {r['n']})" for r in rows])
        ax.set_xlim(0, 1.1)
        ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        ax.tick_params(axis="y", length=0)
        ax.invert_yaxis()
        legend(figure, entries_of(ax))
    return settle(figure)


def _solver(metrics: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"arm": f"solver {metrics['arm']}", "n": metrics["n_graded"]}
    for name, leaf in (("overall", "mean"), ("hfs", "mean"), ("resolved", "rate")):
        block = metrics[name]
        row |= {name: block[leaf], f"{name}_ci_low": block["ci_low"], f"{name}_ci_high": block["ci_high"]}
    return row


def _bars(ax: Axes, rows: Sequence[Mapping[str, Any]], score: tuple[str, str, str], offset: float) -> None:
    name, label, color = score
    places = [place - offset for place in range(len(rows))]
    ax.barh(places, [r[name] or 0.0 for r in rows], height=_HEIGHT * 0.9, color=color, label=label)
    for place, row in zip(places, rows, strict=True):
        low, high = row[f"{name}_ci_low"], row[f"{name}_ci_high"]
        if low is not None:
            ax.plot([low, high], [place, place], color="black", linewidth=1.2, marker="|", markersize=6)
        value = row[name]
        words = "not measured" if value is None else f"{value:.2f}"
        ax.text(max(value or 0.0, high or 0.0) + 0.012, place, words, va="center", fontsize=9)
