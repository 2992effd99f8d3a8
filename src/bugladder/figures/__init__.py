"""Pure drawing: tables of an analysis become figures, and figures become the bytes of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from bugladder.figures.calibration import plot_controls
from bugladder.figures.distributions import plot_distributions
from bugladder.figures.expected import plot_expected
from bugladder.figures.look import Caption, render
from bugladder.figures.repositories import plot_repositories

__all__ = ["Caption", "plot_all", "render"]


def plot_all(
    metrics: Mapping[str, Any], tables: Mapping[str, Sequence[Mapping[str, Any]]], caption: Caption | None = None
) -> dict[str, Figure]:
    """Every figure of a phase by file name without ending.

    Args:
        metrics: as metrics.json.
        tables: the analysis's tables by name: instances, expected_vs_actual, verdicts_by_repository, controls.
        caption: what stands below each; made from the metrics where None.
    """
    caption = caption or Caption.from_metrics(metrics)
    return {
        "scores": plot_distributions(tables["instances"], metrics, caption),
        "expected": plot_expected(tables["expected_vs_actual"], caption),
        "repositories": plot_repositories(tables["verdicts_by_repository"], caption),
        "controls": plot_controls(tables["controls"], metrics, caption),
    }
