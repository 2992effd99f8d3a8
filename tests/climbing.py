"""Climbs phases of a tiny project in this process, says what each stage printed, and reads the tables without times."""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

import yaml
from tiny_project import edit_yaml

from bugladder.records import tables

UP_TO_ANALYZE = ("resolve", "select", "control", "run", "score", "analyze")
_OBEYING = {"control", "run"}
_TIMES = {"seconds", "cpu_seconds", "reused"}


def climb(root: Path, phase: str, stages: Sequence[str] = UP_TO_ANALYZE) -> dict[str, str]:
    """Run stages of a phase for real; gives what each printed."""
    obeys = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))["phases"][phase]["obeys"]
    said: dict[str, str] = {}
    with chdir(root):
        for name in stages:
            printed = io.StringIO()
            with redirect_stdout(printed):
                importlib.import_module(f"stages.{name}").main([phase, *([obeys] if name in _OBEYING else [])])
            said[name] = printed.getvalue().strip()
    return said


def choose(root: Path, **values: object) -> None:
    """Replace keys of params.yaml."""
    edit_yaml(root / "params.yaml", **values)


def timeless(root: Path, phase: str) -> dict[str, Any]:
    """The rows of a phase's tables, every column but times and `reused`."""
    folder = root / "data" / phase
    present = [t for t in tables.ALL.values() if (folder / f"{t.name}.parquet").exists()]
    return {t.name: [_row(r) for r in tables.read(t, folder / f"{t.name}.parquet")] for t in present}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in row.items() if k not in _TIMES}
    if "detail" in kept:
        kept["detail"] = {k: v for k, v in json.loads(kept["detail"]).items() if k not in _TIMES}
    return kept


if __name__ == "__main__":
    # PHASE STAGE ... in the current folder: a climb in a process of its own
    for what in sys.argv[2:]:
        print(climb(Path.cwd(), sys.argv[1], (what,)), flush=True)
