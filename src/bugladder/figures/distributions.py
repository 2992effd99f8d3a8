"""Decides how scores are shown: instances per bin of Overall, HFS, BRS and gap, by origin, with the mean's interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bugladder.figures.look import BLACK, GREY, ORIGINS, Caption, canvas, entries_of, legend, settle, style

Row = Mapping[str, Any]
_BIN = 0.2
_UNIT = np.linspace(0.0, 1.0, 6)
# bins of the gap are centred, so that no gap stands on zero and not beside it
_CENTRED = np.linspace(-1.1, 1.1, 12)
_PANELS = (
    ("overall", "Overall", _UNIT),
    ("hfs", "HFS, hidden fix", _UNIT),
    ("brs", "BRS, bug reproduction", _UNIT),
    ("overfit_gap", "Overfit Gap, public minus hidden", _CENTRED),
)


def plot_distributions(instances: Sequence[Row], metrics: Mapping[str, Any], caption: Caption) -> Figure:
    """Four histograms over the graded instances, stacked by origin, the mean and its interval above them.

    Args:
        instances: rows of the instances table.
        metrics: the blocks of the same names give means and intervals.
        caption: what stands below.
    """
    with style():
        figure, axes = canvas("How the scores are distributed", caption, 6.0, (2, 2))
        top = max(1, *(_bars(ax, instances, name, edges) for ax, (name, _, edges) in zip(axes, _PANELS, strict=True)))
        for ax, (name, title, edges) in zip(axes, _PANELS, strict=True):
            _mean(ax, metrics[name], top * 1.1)
            ax.set_title(f"{title} (n = {metrics[name]['n']})")
            ax.set_xlim(edges[0] - 0.03, edges[-1] + 0.03)
            ax.set_xticks(_UNIT if edges is _UNIT else np.linspace(-1.0, 1.0, 5))
            ax.set_ylim(0, top * 1.2)
            ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        for ax in (axes[0], axes[2]):
            ax.set_ylabel("instances")
        legend(figure, entries_of(*axes))
    return settle(figure)


def _bars(ax: Axes, instances: Sequence[Row], name: str, edges: Any) -> int:
    bottom = np.zeros(len(edges) - 1)
    for origin in sorted({r["origin"] for r in instances}):
        values = [r[name] for r in instances if r[name] is not None and r["origin"] == origin]
        # 0.6000000001 and 0.5999999999 are the same score: a value on an edge goes into the bin above it
        counts, _ = np.histogram(np.round(values, 9), bins=np.round(edges, 9))
        places, color = (edges[:-1] + edges[1:]) / 2, ORIGINS.get(origin, GREY)
        ax.bar(places, counts, width=_BIN * 0.92, bottom=bottom, color=color, label=f"origin {origin}")
        bottom += counts
    return int(bottom.max())


def _mean(ax: Axes, block: Mapping[str, Any], height: float) -> None:
    if block["mean"] is None:
        ax.text(0.5, 0.5, "not measured", transform=ax.transAxes, ha="center", va="center", color="#555555")
        return
    if block["ci_low"] is not None:
        ends = [block["ci_low"], block["ci_high"]]
        ax.plot(
            ends, [height, height], color=BLACK, linewidth=1.4, marker="|", markersize=7, label="interval of the mean"
        )
    ax.plot(block["mean"], height, "o", color=BLACK, markersize=6, label="mean")
