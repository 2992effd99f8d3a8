"""Grades reference patches by the stage score itself, on a copy of the tables of a climbed phase."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bugladder.records import Instance, tables

_ROOT = Path(__file__).resolve().parents[1]
_TABLES = (tables.CONTROLS, tables.TASKS, tables.ANSWERS, tables.CONTROL_OUTCOMES, tables.CANDIDATES)
# What a run must not find of an earlier one; the rest of the cache are things to be shown or known.
_FRESH = {"store", "meter", "locks", "tmp"}

Outcomes = dict[tuple[str, str], str]


@dataclass(frozen=True)
class Graded:
    """What one run of the stage gave.

    first_s and again_s are the walls of its process, again being the same command once more; inner_s is what the first
    spent inside, after its imports. outcomes is by instance and test id.
    """

    resolved: dict[str, bool]
    outcomes: Outcomes
    first_s: float
    inner_s: float
    again_s: float


@dataclass(frozen=True)
class Ours:
    """The stage score, started as a process in a folder of its own below the current one's .bugladder.

    Args:
        phase: a phase of the current folder, climbed as far as run.
        instances: which of its instances; their reference patches are the candidates.
        images: other images by instance, where they are not the phase's own.
        settings: of sandbox.images, where they are not the phase's own; then no image is known yet.
    """

    phase: str
    instances: Sequence[Instance]
    images: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = "ours"

    def run(self, workers: int) -> Graded:
        """Grade them all, then once more."""
        Path(".bugladder").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="bench-", dir=".bugladder") as name:
            folder = Path(name)
            self._lay(folder, workers)
            first_s = self._score(folder)
            meter = json.loads((folder / ".bugladder" / "meter" / f"score@{self.phase}.json").read_text("utf-8"))
            found = self._read(folder)
            again_s = self._score(folder)
            if self._read(folder) != found:
                raise SystemExit("ours: the second run scored otherwise")
            return Graded(*found, first_s, meter["elapsed_s"], again_s)

    def _lay(self, folder: Path, workers: int) -> None:
        source, data = Path("data", self.phase), folder / "data" / self.phase
        cache = folder / ".bugladder"
        (data / "slices").mkdir(parents=True)
        cache.mkdir()
        fresh = _FRESH | ({"docker"} if self.settings else set())
        for path in Path(".bugladder").resolve().iterdir():
            if path.name not in fresh and not path.name.startswith("bench-"):
                (cache / path.name).symlink_to(path)
        slice_ = yaml.safe_load((source / "slices" / "score.yaml").read_text("utf-8"))
        slice_["phase"]["workers"] = slice_["sandbox"]["slots"] = workers
        slice_["sandbox"]["images"].update(self.settings)
        (data / "slices" / "score.yaml").write_text(yaml.safe_dump(slice_), "utf-8")
        patches = {i.instance_id: i.reference_patch for i in self.instances}
        for table in _TABLES:
            rows = tables.read(table, source / f"{table.name}.parquet")
            kept = [self._changed(r, patches) for r in rows if r["instance_id"] in patches]
            tables.write(table, kept, data / f"{table.name}.parquet")

    def _changed(self, row: dict[str, Any], patches: Mapping[str, str]) -> dict[str, Any]:
        image = self.images.get(row["instance_id"])
        if "max_iterations" in row:
            return {**row, "patch": patches[row["instance_id"]]}
        if "environment" in row and image is not None:
            environment = json.loads(row["environment"])
            environment["source"]["image"] = image
            return {**row, "environment": json.dumps(environment, sort_keys=True, separators=(",", ":"))}
        return row

    def _score(self, folder: Path) -> float:
        env = {**os.environ, "PYTHONPATH": f"{_ROOT}:{_ROOT / 'src'}"}
        argv = [sys.executable, "-m", "stages.score", self.phase]
        started = time.monotonic()
        done = subprocess.run(argv, cwd=folder, env=env, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"ours: {done.stdout[-500:]} {done.stderr[-1500:]}")
        return time.monotonic() - started

    def _read(self, folder: Path) -> tuple[dict[str, bool], Outcomes]:
        data = folder / "data" / self.phase
        scores = tables.read(tables.SCORES, data / "scores.parquet")
        outcomes = tables.read(tables.OUTCOMES, data / "outcomes.parquet")
        return (
            {r["instance_id"]: bool(r["resolved"]) for r in scores if not r["arm"].startswith("control:")},
            {(r["instance_id"], r["test_id"]): r["outcome"] for r in outcomes},
        )
