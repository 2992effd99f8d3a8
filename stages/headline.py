"""headline: print every climbed phase's numbers and decision, and where the report, the figures and the runs are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bugladder.composing import read_params
from bugladder.config.entry import run_stage
from bugladder.config.files import read_json
from bugladder.reporting.phase_page import headline


def main(argv: Sequence[str]) -> None:
    """Print the headlines: `python -m stages.headline [PHASE ...]` (default: the phases of params.yaml)."""
    for phase in argv or list(read_params()["phases"]):
        folder = Path("reports", phase)
        if not (folder / "decision.json").exists():
            print(f"{phase}: not climbed yet")
            continue
        metrics, decision = (read_json(folder / f"{name}.json", "analyze") for name in ("metrics", "decision"))
        print(f"{phase}: {headline(metrics)}\n  decision: {decision['sentence']}\n  report: {folder}/report.md")
        print(f"  figures: {folder}/figures/")
    print("MLflow: make ui")


if __name__ == "__main__":
    run_stage(main)
