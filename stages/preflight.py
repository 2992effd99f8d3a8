"""preflight: which of a phase's instances can run on this machine, and why the others cannot; writes nothing.

`python -m stages.preflight p1` looks at the phase's selection; `--all` at the whole dataset.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bugladder import config
from bugladder.checking import check
from bugladder.composing import compose_phase, read_params
from bugladder.config.entry import run_stage
from bugladder.preflight import images_line, outlook_lines, outlooks, sandbox_of
from bugladder.records.protocols import Dataset
from stages.select import select


def main(argv: Sequence[str]) -> None:
    """Print the outlook of a phase: `python -m stages.preflight PHASE [--all]`."""
    parser = argparse.ArgumentParser(prog="python -m stages.preflight", description=__doc__)
    parser.add_argument("phase")
    parser.add_argument("--all", action="store_true", help="look at every instance of the dataset")
    given = parser.parse_args(list(argv))
    params = read_params(Path("params.yaml"))
    whole = compose_phase(given.phase, params)
    check(whole, {**params, "phase": given.phase})
    slice_ = config.slice_of(whole, "select", f"phase {given.phase}")
    if given.all:
        dataset: Dataset = config.build(slice_["dataset"], where="dataset")
        instances = dataset.load([row.instance_id for row in dataset.catalog()])
    else:
        instances, _ = select(slice_)
    sandbox = sandbox_of(whole["sandbox"])
    lines = [*outlook_lines(outlooks(instances, sandbox)), images_line(instances, sandbox)]
    print("\n".join(line for line in lines if line))


if __name__ == "__main__":
    run_stage(main)
