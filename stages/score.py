"""score: grade the candidates, compute every arm's scores, write outcomes and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.config.entry import arguments, run_stage
from bugladder.config.locks import phase_lock
from bugladder.grading.settings import GradingSettings
from bugladder.grading.work import GradeWork, needs_grading
from bugladder.records import Control, canonical_json, sha256_text, tables
from bugladder.records.rows import answer_of, candidate_of, candidate_row, task_of
from bugladder.records.weights import ScoringSettings
from bugladder.running.batch import BatchHooks, run_batch
from bugladder.running.code_digest import code_digest
from bugladder.running.items import WorkItem
from bugladder.running.setting import Setting, open_setting
from bugladder.running.store import Store
from bugladder.scoring.arms import ArmTables, score_arms, unpatched_grade

Rows = list[dict[str, Any]]


def score(slice_: Mapping[str, Any], found: Mapping[str, Rows], label: str) -> tuple[Rows, Rows]:
    """Rows of outcomes and of scores, from the rows of the tables that `main` names."""
    by_id = {name: {r["instance_id"]: r for r in found[name]} for name in ("tasks", "answers")}
    no_op = [o for o in found["control_outcomes"] if o["arm"] == Control.NO_OP.arm]
    pending = [c for c in found["candidates"] if c["status"] in {"done", "failed"}]
    with open_setting(slice_, label) as setting:
        settings = config.build(slice_["grading"], GradingSettings, "grading")
        work = GradeWork(setting.open_workspace, settings)
        items = [_item(c, by_id, slice_, setting) for c in pending]

        def grade(item: WorkItem) -> dict[str, Any]:
            task, _, candidate = item.payload
            if needs_grading(candidate_row(candidate) | {"status": "done"}):
                return work(item.payload)
            return unpatched_grade([o for o in no_op if o["instance_id"] == task.instance_id])

        result = run_batch(items, grade, setting.batch, setting.store, BatchHooks(label))
    result.require_complete()
    scoring = config.build(slice_["scoring"], ScoringSettings, "scoring")
    grades = {i: {"value": r.value, "status": r.status.value, "reason": r.reason, "reused": r.reused,
                  "error_class": r.error_class} for i, r in result.results.items()}  # fmt: skip
    inputs = ArmTables(found["controls"], found["candidates"], found["control_outcomes"], grades)
    return score_arms(slice_["solver"]["name"], inputs, scoring)


def _item(
    row: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]], slice_: Mapping[str, Any], setting: Setting
) -> WorkItem:
    task, answer = by_id["tasks"][row["instance_id"]], by_id["answers"][row["instance_id"]]
    payload = (task_of(task), answer_of(answer), candidate_of(row))
    parts = {
        "candidate": {"patch": row["patch"], "test_files": row["test_files"]},
        "answer": sha256_text(canonical_json(dict(answer))),
        "settings": {name: slice_[name] for name in ("grading", "limits")},
        "environment": setting.sandbox.digest(payload[0].environment),
        "code": [code_digest("bugladder.grading.work"), code_digest("bugladder.runners.pytest")],
    }
    return WorkItem(row["instance_id"], Store.key("score", parts), payload)


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
