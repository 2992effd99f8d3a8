"""resolve: compose a phase's configuration, check every plug in it, write it whole and each stage its own slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from bugladder import config
from bugladder.checking import check
from bugladder.composing import compose_phase, read_params
from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import write


def main(argv: Sequence[str]) -> None:
    """Resolve one phase: `python -m stages.resolve PHASE`."""
    (phase,) = arguments(argv, "PHASE")
    params = read_params()
    whole = compose_phase(phase, params)
    check(whole, {**params, "phase": phase})
    where = str(config.resolved_path(phase))
    slices = {stage: config.slice_of(whole, stage, where) for stage in config.SLICES}
    write(config.resolved_path(phase), _yaml(whole))
    for stage, found in slices.items():
        write(config.slice_path(phase, stage), _yaml(found))


def _yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=True, allow_unicode=True)


if __name__ == "__main__":
    run_stage(main)
