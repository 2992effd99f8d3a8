"""report: write a phase's report.md and report.html from what analyze and plot wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import read_json, write
from bugladder.reporting.phase_page import phase_page
from bugladder.reporting.render import render_html, render_markdown


def main(argv: Sequence[str]) -> None:
    """Report one phase: `python -m stages.report PHASE`."""
    (phase,) = arguments(argv, "PHASE")
    reports = Path("reports", phase)
    metrics, decision = (read_json(reports / f"{name}.json", "analyze") for name in ("metrics", "decision"))
    page = phase_page(metrics, decision, read_json(Path("data", phase, "analysis.json"), "analyze"))
    pictures = {path.stem: path.read_bytes() for path in sorted((reports / "figures").glob("*.png"))}
    write(reports / "report.md", render_markdown(page, "figures"))
    write(reports / "report.html", render_html(page, pictures))


if __name__ == "__main__":
    run_stage(main)
