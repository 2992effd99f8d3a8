"""score: grade the candidates, compute every arm's scores, write outcomes and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.config.entry import arguments, run_stage
from bugladder.config.locks import phase_lock
from bugladder.grading.settings import GradingSettings
from bugladder.grading.work import GradeWork, brings_anything
from bugladder.records import Control, tables
from bugladder.records.weights import ScoringSettings
from bugladder.running.batch import BatchHooks, run_batch
from bugladder.running.grade_items import grade_item, grades
from bugladder.running.items import WorkItem
from bugladder.running.setting import open_setting
from bugladder.scoring.arms import ArmTables, score_arms, unpatched_grade

Rows = list[dict[str, Any]]


def score(slice_: Mapping[str, Any], found: Mapping[str, Rows], label: str) -> tuple[Rows, Rows]:
    """Rows of outcomes and of scores, from the rows of the tables that `main` names."""
    tasks, answers = ({r["instance_id"]: r for r in found[name]} for name in ("tasks", "answers"))
    no_op = [o for o in found["control_outcomes"] if o["arm"] == Control.NO_OP.arm]
    pending = {c["instance_id"]: c for c in found["candidates"] if c["status"] in {"done", "failed"}}
    with open_setting(slice_, label) as setting:
        work = GradeWork(setting.open_workspace, config.build(slice_["grading"], GradingSettings, "grading"))

        def grade(item: WorkItem) -> dict[str, Any]:
            if brings_anything(item.payload[2]):
                return work(item.payload)
            return unpatched_grade([o for o in no_op if o["instance_id"] == item.id])

        items = [grade_item((tasks[i], answers[i], c), slice_, setting.sandbox) for i, c in pending.items()]
        result = run_batch(items, grade, setting.batch, setting.store, BatchHooks(label, sandbox=setting.sandbox))
    inputs = ArmTables(found["controls"], found["candidates"], found["control_outcomes"], grades(result))
    return score_arms(slice_["solver"]["name"], inputs, config.build(slice_["scoring"], ScoringSettings, "scoring"))


def main(argv: Sequence[str]) -> None:
    """Score one phase: `python -m stages.score PHASE`."""
    (phase,) = arguments(argv, "PHASE")
    folder = Path("data", phase)
    names = ("controls", "tasks", "answers", "candidates", "control_outcomes")
    with phase_lock(folder):
        found = {name: tables.read(tables.ALL[name], folder / f"{name}.parquet") for name in names}
        outcomes, scores = score(config.load(phase, "score"), found, f"score@{phase}")
        tables.write(tables.OUTCOMES, outcomes, folder / "outcomes.parquet")
        tables.write(tables.SCORES, scores, folder / "scores.parquet")


if __name__ == "__main__":
    run_stage(main)
