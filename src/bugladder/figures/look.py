"""Decides how every figure looks: size, type, colours that colour-blind readers can tell apart, and its caption."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# Okabe and Ito's palette (Color Universal Design, 2008), told apart with every common colour vision.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE, GREY = "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999"
ORIGINS = {"release": BLUE, "injected": ORANGE}
VERDICTS = {
    "resolved": GREEN,
    "partial": SKY,
    "unresolved": VERMILION,
    "patch_failed": PURPLE,
    "no_patch": ORANGE,
    "not_run": YELLOW,
    "infra_error": BLACK,
    "invalid_instance": GREY,
}
WIDTH_IN = 8.0
_DPI = 150  # 1200 pixels, for a place 800 wide on a dense screen
_CAPTION_IN = 0.34
_LEGEND_ROW_IN = 0.25
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "bugladder",
}


@dataclass(frozen=True)
class Caption:
    """What a figure must say about its data: phase, dataset, arm, n and the hash of the data; note where one must."""

    phase: str
    dataset: str
    arm: str
    n_graded: int
    n_selected: int
    data_hash: str
    note: str = ""

    @classmethod
    def from_metrics(cls, metrics: Mapping[str, Any]) -> Caption:
        """The caption of a phase's metrics."""
        names = [name for name in cls.__dataclass_fields__ if name != "note"]
        return cls(**{name: metrics[name] for name in names}, note=metrics["model"]["note"])

    @property
    def text(self) -> str:
        """One line below the figure."""
        graded = f"{self.n_graded} of {self.n_selected} graded"
        solver = f"solver {self.arm}, {self.note}" if self.note else f"solver {self.arm}"
        return f"{self.phase} · {self.dataset} · {solver} · n = {graded} · data {self.data_hash[:12]}"


def style() -> Any:
    """A context in which figures are made and rendered; nothing global stays changed."""
    return mpl.rc_context(_STYLE)


def canvas(title: str, caption: Caption, height_in: float, grid: tuple[int, int] = (1, 1)) -> tuple[Figure, list[Axes]]:
    """An empty figure with its title and caption, and its axes row by row. Height in inches."""
    figure = Figure(figsize=(WIDTH_IN, height_in), layout=_above(_CAPTION_IN, height_in))
    FigureCanvasAgg(figure)
    figure.suptitle(literal(title), x=0.012, ha="left", fontsize=13, fontweight="bold")
    figure.text(0.012, 0.09 / height_in, literal(caption.text), fontsize=8.5, color="#555555", ha="left", va="bottom")
    axes = figure.subplots(*grid, squeeze=False)
    return figure, list(axes.flat)


def legend(figure: Figure, entries: Mapping[str, Any], ncols: int = 4) -> None:
    """One legend for the whole figure, between its axes and its caption; entries are handles by label."""
    height_in = figure.get_figheight()
    # constrained layout keeps no room for a legend that is anchored above the caption: ask for it
    rows = -(-len(entries) // ncols)
    figure.set_layout_engine(_above(_CAPTION_IN + rows * _LEGEND_ROW_IN, height_in))
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="lower center",
        bbox_to_anchor=(0.5, (_CAPTION_IN - 0.06) / height_in),
        ncols=ncols,
        fontsize=9.5,
    )


def _above(floor_in: float, height_in: float) -> ConstrainedLayoutEngine:
    return ConstrainedLayoutEngine(rect=(0.005, floor_in / height_in, 0.99, 1 - floor_in / height_in))


def entries_of(*axes: Axes) -> dict[str, Any]:
    """Handles by label of all axes, each label once."""
    found: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return found


def settle(figure: Figure) -> Figure:
    """Lay the figure out once and for all, so that rendering it again, or as another kind, moves nothing."""
    figure.canvas.draw()
    figure.set_layout_engine("none")
    return figure


def literal(text: str) -> str:
    """Text from outside without mathematics: a dollar sign starts a formula that may fail to parse."""
    return text.replace("$", r"\$")


def render(figure: Figure, kind: Literal["png", "svg"]) -> bytes:
    """The figure as a file's bytes; equal figures give equal bytes, without date or program name."""
    buffer = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    with style():
        figure.savefig(buffer, format=kind, dpi=_DPI, metadata=metadata)
    return buffer.getvalue()
