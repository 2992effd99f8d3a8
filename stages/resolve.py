"""resolve: compose a phase's configuration, check every plug and setting in it, write data/<phase>/config.yaml."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from bugladder import config
from bugladder.checking import check
from bugladder.composing import compose_phase, read_params
from bugladder.config.entry import run_stage
from bugladder.config.files import write


def main(argv: Sequence[str]) -> None:
    """Resolve one phase: `python -m stages.resolve PHASE`."""
    (phase,) = argv
    params = read_params()
    whole = compose_phase(phase, params)
    check(whole, {**params, "phase": phase})
    write(config.resolved_path(phase), yaml.safe_dump(whole, sort_keys=True, allow_unicode=True))


if __name__ == "__main__":
    run_stage(main)
