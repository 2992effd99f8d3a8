"""select: choose a phase's instances, write instances.parquet and selection.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import write_json
from bugladder.config.locks import phase_lock
from bugladder.records import BugladderError, Instance, tables
from bugladder.records.protocols import Dataset
from bugladder.records.rows import instance_row
from bugladder.selection.phases import PhaseSize, SelectionSettings, select_phase
from bugladder.selection.shares import selection_shares


def select(slice_: Mapping[str, Any]) -> tuple[list[Instance], list[dict[str, Any]]]:
    """The phase's instances in order, and the selection's shares beside the whole dataset's."""
    dataset: Dataset = config.build(slice_["dataset"], where="dataset")
    chosen = dict(slice_["selection"])
    strategy, ids = chosen.pop("strategy"), chosen.pop("ids")
    settings = config.build({**chosen, "seed": slice_["seed"]}, SelectionSettings, "selection")
    listed = _read_ids(ids) if strategy == "file" else ()
    plan = [PhaseSize(p["name"], p["size"], strategy, listed) for p in slice_["plan"]]
    rows = dataset.catalog()
    picked = select_phase(rows, plan, settings)
    return dataset.load(picked), [asdict(s) for s in selection_shares(rows, picked)]


def _read_ids(path: str) -> tuple[str, ...]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise BugladderError(f"files.ids: {path} cannot be read ({why}); it should hold one id a line") from error
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def main(argv: Sequence[str]) -> None:
    """Select one phase: `python -m stages.select PHASE`."""
    (phase,) = arguments(argv, "PHASE")
    folder = Path("data", phase)
    with phase_lock(folder):
        instances, selected = select(config.load(phase, "select"))
        tables.write(tables.INSTANCES, [instance_row(i) for i in instances], folder / "instances.parquet")
        report = {"phase": phase, "ids": [i.instance_id for i in instances], "shares": selected}
        write_json(folder / "selection.json", report)


if __name__ == "__main__":
    run_stage(main)
