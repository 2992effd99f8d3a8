"""plot: draw a phase's figures from what analyze wrote, as PNG and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import read_json, write
from bugladder.figures import plot_all, render


def main(argv: Sequence[str]) -> None:
    """Plot one phase: `python -m stages.plot PHASE`."""
    (phase,) = arguments(argv, "PHASE")
    reports = Path("reports", phase)
    metrics = read_json(reports / "metrics.json", "analyze")
    tables = read_json(Path("data", phase, "analysis.json"), "analyze")
    for name, figure in plot_all(metrics, tables).items():
        write(reports / "figures" / f"{name}.png", render(figure, "png"))
        write(reports / "figures" / f"{name}.svg", render(figure, "svg"))


if __name__ == "__main__":
    run_stage(main)
