"""select: choose a phase's instances, write instances.parquet and selection.json; --verify says what is covered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import write_json
from bugladder.config.locks import phase_lock
from bugladder.config.selecting import selection_of
from bugladder.records import Instance, tables
from bugladder.records.protocols import Dataset
from bugladder.records.rows import instance_row
from bugladder.selection.phases import select_phase
from bugladder.selection.shares import selection_shares
from bugladder.selection.verification import completeness, coverage, coverage_table

# Whose configuration says which dataset it is, where no phase is named: every ladder begins with it.
_FIRST = "baseline"


def select(slice_: Mapping[str, Any]) -> tuple[list[Instance], dict[str, Any]]:
    """The phase's instances in order; their ids, their shares beside the whole dataset's, and which data that is."""
    dataset: Dataset = config.build(slice_["dataset"], where="dataset")
    rows = dataset.catalog()
    picked = select_phase(rows, *selection_of(slice_))
    shares = [asdict(s) for s in selection_shares(rows, picked)]
    return dataset.load(picked), {"ids": picked, "shares": shares, "dataset": dataset.identity()}


def verify(slice_: Mapping[str, Any], phase: str | None) -> Iterator[str]:
    """Lines that say where the dataset came from, whether it is complete, and what it covers (and a phase of it)."""
    dataset: Dataset = config.build(slice_["dataset"], where="dataset")
    rows = dataset.catalog()
    yield from (f"{key}: {value}" for key, value in dataset.identity().items())
    yield from completeness(rows, dataset.expected)
    picked = select_phase(rows, *selection_of(slice_)) if phase else ()
    yield from coverage_table(coverage(rows, picked), phase)


def main(argv: Sequence[str]) -> None:
    """Select one phase: `python -m stages.select PHASE`; or `python -m stages.select --verify [PHASE]`."""
    if argv[:1] == ["--verify"]:
        phase = arguments(argv[1:], "PHASE")[0] if argv[1:] else None
        print("\n".join(verify(config.load(phase or _FIRST, "select"), phase)))
        return
    (phase,) = arguments(argv, "PHASE")
    folder = Path("data", phase)
    with phase_lock(folder):
        instances, selection = select(config.load(phase, "select"))
        tables.write(tables.INSTANCES, [instance_row(i) for i in instances], folder / "instances.parquet")
        write_json(folder / "selection.json", {"phase": phase, **selection})


if __name__ == "__main__":
    run_stage(main)
