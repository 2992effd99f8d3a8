"""run: let the solver work on the tasks, write candidates, attempts, calls and predictions.jsonl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.config.entry import run_stage
from bugladder.config.files import write
from bugladder.config.locks import phase_lock
from bugladder.records import canonical_json, sha256_text, tables
from bugladder.records.protocols import Solver
from bugladder.records.rows import task_of
from bugladder.running.batch import BatchHooks, run_batch
from bugladder.running.code_digest import code_digest
from bugladder.running.collecting import Tables, predictions, run_tables
from bugladder.running.items import WorkItem
from bugladder.running.setting import Setting, gate_of, open_setting
from bugladder.running.solving import SolveWork
from bugladder.running.store import Store


def run(slice_: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], obeys: str | None, label: str) -> Tables:
    """Rows of candidates, attempts and calls, for rows of tasks."""
    solver: Solver = config.build(slice_["solver"], where="solver")
    with open_setting(slice_, label) as setting:
        work = SolveWork(solver, setting.open_workspace, slice_["seed"], slice_["limits"]["instance_timeout_s"])
        items = [_item(row, slice_, setting) for row in tasks]
        hooks = BatchHooks(label, gate_of(slice_, obeys, config.arm_digest(slice_)))
        result = run_batch(items, lambda item: work(item.payload), setting.batch, setting.store, hooks)
    return run_tables(result)


def _item(row: Mapping[str, Any], slice_: Mapping[str, Any], setting: Setting) -> WorkItem:
    task = task_of(row)
    module = str(slice_["solver"]["_target_"]).rpartition(".")[0]
    parts = {
        "task": sha256_text(canonical_json(dict(row))),
        "solver": slice_["solver"],
        "limits": slice_["limits"],
        "seed": slice_["seed"],
        "repeat": 0,
        "environment": setting.sandbox.digest(task.environment),
        "code": [
            code_digest(module),
            code_digest("bugladder.running.solving"),
            code_digest("bugladder.runners.pytest"),
        ],
    }
    return WorkItem(task.instance_id, Store.key("run", parts), task)


def main(argv: Sequence[str]) -> None:
    """Run one phase: `python -m stages.run PHASE OBEYS`."""
    phase, obeys = argv
    folder, slice_ = Path("data", phase), config.load(phase, "run")
    with phase_lock(folder):
        found = run(slice_, tables.read(tables.TASKS, folder / "tasks.parquet"), obeys, f"run@{phase}")
        for name, rows in found.items():
            tables.write(tables.ALL[name], rows, folder / f"{name}.parquet")
        write(folder / "predictions.jsonl", predictions(found["candidates"], slice_["solver"]["name"]))


if __name__ == "__main__":
    run_stage(main)
