"""Decides how scores are shown: instances per bin of Overall, HFS, BRS and gap, by origin, with the mean's interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bugladder.figures.look import BLACK, GREY, ORIGINS, Caption, canvas, settle, style

Row = Mapping[str, Any]
_PANELS = (
    ("overall", "Overall", 0.0),
    ("hfs", "HFS, hidden fix", 0.0),
    ("brs", "BRS, bug reproduction", 0.0),
    ("overfit_gap", "Overfit Gap, public minus hidden", -1.0),
)
_BIN = 0.2


def plot_distributions(instances: Sequence[Row], metrics: Mapping[str, Any], caption: Caption) -> Figure:
    """Four histograms over the graded instances, stacked by origin.

    Args:
        instances: rows of the instances table.
        metrics: the blocks of the same names give means and intervals.
        caption: what stands below.
    """
    with style():
        figure, axes = canvas("How the scores are distributed", caption, 5.6, (2, 2))
        top = max(1, *(_panel(ax, instances, metrics, panel) for ax, panel in zip(axes, _PANELS, strict=True)))
        for ax in axes:
            ax.set_ylim(0, top * 1.12)
            ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        for ax in (axes[0], axes[2]):
            ax.set_ylabel("instances")
        handles, labels = axes[0].get_legend_handles_labels()
        # one legend for all panels, in a place that no histogram needs
        figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), fontsize=9.5)
        return settle(figure)


def _panel(ax: Axes, instances: Sequence[Row], metrics: Mapping[str, Any], panel: tuple[str, str, float]) -> int:
    name, title, low = panel
    edges = np.linspace(low, 1.0, round((1.0 - low) / _BIN) + 1)
    bottom = np.zeros(len(edges) - 1)
    for origin in sorted({r["origin"] for r in instances}):
        values = [r[name] for r in instances if r[name] is not None and r["origin"] == origin]
        # 0.6000000001 and 0.5999999999 are the same score: a value on an edge goes into the bin above it
        counts, _ = np.histogram(np.minimum(np.round(values, 9), 1.0) if values else [], bins=np.round(edges, 9))
        ax.bar(
            edges[:-1] + _BIN / 2,
            counts,
            width=_BIN * 0.92,
            bottom=bottom,
            color=ORIGINS.get(origin, GREY),
            label=origin,
        )
        bottom += counts
    _mean(ax, metrics[name])
    ax.set_title(f"{title} (n = {metrics[name]['n']})")
    ax.set_xlim(low - 0.03, 1.03)
    ax.set_xticks(np.linspace(low, 1.0, 6))
    return int(bottom.max())


def _mean(ax: Axes, block: Mapping[str, Any]) -> None:
    if block["mean"] is None:
        ax.text(0.5, 0.5, "not measured", transform=ax.transAxes, ha="center", va="center", color="#555555")
        return
    if block["ci_low"] is not None:
        ax.axvspan(block["ci_low"], block["ci_high"], color=BLACK, alpha=0.10, linewidth=0, label="95 % interval")
    ax.axvline(block["mean"], color=BLACK, linewidth=1.6, linestyle=(0, (4, 2)), label="mean")
