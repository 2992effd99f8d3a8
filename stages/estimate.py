"""estimate: what a phase will take with the configured arm, and what lacks for it; writes nothing.

`python -m stages.estimate p3` prints a table, `--json` the same as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from bugladder.checking import check
from bugladder.composing import compose_phase, read_params
from bugladder.config.entry import run_stage
from bugladder.estimating import estimated, this_machine
from bugladder.reporting.estimate_text import estimate_text
from bugladder.running.setting import CACHE


def main(argv: Sequence[str]) -> None:
    """Print the estimate of a phase: `python -m stages.estimate PHASE [--json]`."""
    parser = argparse.ArgumentParser(prog="python -m stages.estimate", description=__doc__)
    parser.add_argument("phase")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(list(argv))
    params = read_params(Path("params.yaml"))
    whole = compose_phase(given.phase, params)
    check(whole, {**params, "phase": given.phase})
    found = estimated(whole, this_machine(CACHE), os.environ)
    print(json.dumps(found, indent=1) if given.json else estimate_text(found))


if __name__ == "__main__":
    run_stage(main)
