"""Decides how verdicts are shown by repository: one stacked bar each, counts written where there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bugladder.figures.look import VERDICTS, Caption, canvas, entries_of, legend, literal, settle, style

_DARK = {"unresolved", "infra_error", "resolved"}
_NAME_CHARACTERS = 28


def plot_repositories(verdicts: Sequence[Mapping[str, Any]], caption: Caption) -> Figure:
    """Instances by verdict per repository, the largest on top.

    Args:
        verdicts: rows of the verdicts_by_repository table.
        caption: what stands below.
    """
    # the last bar is drawn on top
    rows = sorted(verdicts, key=lambda r: (-sum(r[v] for v in VERDICTS), r["repo"]))[::-1]
    with style():
        figure, (ax,) = canvas("Outcomes per repository", caption, 1.9 + 0.30 * max(4, len(rows)))
        left = [0] * len(rows)
        for verdict, color in VERDICTS.items():
            counts = [r[verdict] for r in rows]
            if any(counts):
                ax.barh(range(len(rows)), counts, left=left, height=0.72, color=color, label=verdict.replace("_", " "))
                _write_counts(ax, counts, left, verdict)
                left = [a + b for a, b in zip(left, counts, strict=True)]
        ax.set_yticks(range(len(rows)), [_short(r["repo"]) for r in rows])
        ax.set_xlabel("instances")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(0, max([1, *left]) * 1.02)
        ax.tick_params(axis="y", length=0)
        legend(figure, entries_of(ax))
    return settle(figure)


def _write_counts(ax: Axes, counts: Sequence[int], left: Sequence[int], verdict: str) -> None:
    color = "white" if verdict in _DARK else "black"
    for place, (count, start) in enumerate(zip(counts, left, strict=True)):
        if count:
            ax.text(start + count / 2, place, str(count), ha="center", va="center", color=color, fontsize=9)


def _short(name: str) -> str:
    return literal(name if len(name) <= _NAME_CHARACTERS else name[: _NAME_CHARACTERS - 1] + "…")
