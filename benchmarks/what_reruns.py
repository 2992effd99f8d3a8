"""Prints which stages `dvc repro` runs again after an edit: `.venv/bin/python benchmarks/what_reruns.py`.

On a project of tiny bugs in a temporary folder, offline once the test environments are there.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from rerunning import EDITS, make_dvc_project, repro


def main() -> None:
    """Make the project, climb it, then edit and climb again, one edit after the other."""
    with tempfile.TemporaryDirectory(prefix="bugladder-reruns-") as folder:
        root = make_dvc_project(Path(folder) / "project")
        repro(root)
        print("| edit | stages that run again | wall seconds |\n|---|---|---|")
        for name, edit in EDITS.items():
            edit(root)
            started = time.monotonic()
            ran = repro(root)
            seconds = time.monotonic() - started
            stages = ", ".join(f"{stage} ({', '.join(phases)})" for stage, phases in ran.items()) or "none"
            print(f"| {name} | {stages} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
