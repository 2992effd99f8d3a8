"""control: run the controls, split and cut, write controls, tasks, answers and control_outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.config.entry import arguments, run_stage
from bugladder.config.locks import phase_lock
from bugladder.grading.settings import GradingSettings
from bugladder.grading.work import ControlWork
from bugladder.records import tables
from bugladder.running.batch import BatchHooks, run_batch
from bugladder.running.collecting import Tables, control_tables
from bugladder.running.grade_items import control_item
from bugladder.running.setting import gate_of, open_setting
from bugladder.scoring.split import SplitSettings


def control(slice_: Mapping[str, Any], instances: Sequence[Mapping[str, Any]], obeys: str | None, label: str) -> Tables:
    """Rows of the four tables that control writes, for rows of instances."""
    with open_setting(slice_, label) as setting:
        split = config.build({**slice_["split"], "seed": slice_["seed"]}, SplitSettings, "split")
        settings = config.build(slice_["grading"], GradingSettings, "grading")
        work = ControlWork(setting.open_workspace, settings, split)
        items = [control_item(row, slice_, setting.sandbox) for row in instances]
        hooks = BatchHooks(label, gate_of(slice_, obeys), sandbox=setting.sandbox)
        result = run_batch(items, lambda item: work(item.payload), setting.batch, setting.store, hooks)
    return control_tables(result)


def main(argv: Sequence[str]) -> None:
    """Control one phase: `python -m stages.control PHASE OBEYS`."""
    phase, obeys = arguments(argv, "PHASE OBEYS")
    folder = Path("data", phase)
    with phase_lock(folder):
        instances = tables.read(tables.INSTANCES, folder / "instances.parquet")
        for name, rows in control(config.load(phase, "control"), instances, obeys, f"control@{phase}").items():
            tables.write(tables.ALL[name], rows, folder / f"{name}.parquet")


if __name__ == "__main__":
    run_stage(main)
