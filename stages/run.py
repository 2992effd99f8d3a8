"""run: let the solver work on the tasks, write candidates, attempts, calls, transcripts and predictions.jsonl."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import write
from bugladder.config.locks import phase_lock
from bugladder.records import Task, tables
from bugladder.records.protocols import ChatModel, HandsIn, Solver
from bugladder.running.batch import BatchHooks, run_batch
from bugladder.running.collecting import Tables, predictions, run_tables, system_name
from bugladder.running.handing_in import hand_in, hand_in_item
from bugladder.running.metering.meter import open_meter
from bugladder.running.run_items import run_item, spending_of
from bugladder.running.setting import RESPONSES, gate_of, open_setting
from bugladder.running.solving import SolveWork


def run(slice_: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], obeys: str | None, label: str) -> Tables:
    """Rows of candidates, attempts, calls and transcripts, for rows of tasks."""
    solver: Solver = config.build(slice_["solver"], where="solver")
    model: ChatModel = config.build(slice_["model"], where="model")
    with (
        open_setting(slice_, label) as setting,
        open_meter(RESPONSES, spending_of(slice_, label), setting.batch) as meter,
    ):
        work: Callable[[Task], dict[str, Any]]
        if isinstance(solver, HandsIn):
            work = partial(hand_in, solver)
            items = [hand_in_item(row, solver) for row in tasks]
        else:
            timeout_s = slice_["limits"]["instance_timeout_s"]
            work = SolveWork(solver, setting.open_workspace, slice_["seed"], timeout_s, meter.chat_maker(model))
            items = [run_item(row, slice_, setting.sandbox, model) for row in tasks]
        hooks = BatchHooks(label, gate_of(slice_, obeys, config.arm_digest(slice_)), sandbox=setting.sandbox)
        result = run_batch(items, lambda item: work(item.payload), setting.batch, setting.store, hooks)
        return run_tables(result, meter.ledger.charged(), getattr(solver, "max_iterations", None))


def main(argv: Sequence[str]) -> None:
    """Run one phase: `python -m stages.run PHASE OBEYS`."""
    phase, obeys = arguments(argv, "PHASE OBEYS")
    folder, slice_ = Path("data", phase), config.load(phase, "run")
    with phase_lock(folder):
        found = run(slice_, tables.read(tables.TASKS, folder / "tasks.parquet"), obeys, f"run@{phase}")
        for name, rows in found.items():
            tables.write(tables.ALL[name], rows, folder / f"{name}.parquet")
        write(folder / "predictions.jsonl", predictions(found["candidates"], system_name(slice_)))


if __name__ == "__main__":
    run_stage(main)
