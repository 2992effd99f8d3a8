"""What kill -9 costs: drivers on 200 instances under 32 workers, killed at random moments, and the server's own log.

    python benchmarks/meter_kill.py [--instances 200] [--calls 4] [--workers 32] [--kills 10] [--budget 5] [--seed 1]

The server answers four of ten requests badly, each time in another way. Printed per kill: the calls that were asked
again though the server had not answered them badly; and how many of those were on disk at the kill: it must be none.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from meter_trials import Load, kill_trial


def main() -> None:
    """Print the figures, and fail where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=200)
    parser.add_argument("--calls", type=int, default=4)
    parser.add_argument("--workers", type=int, default=32)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--budget", type=float, default=5.0, help="USD")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        load = Load(given.instances, given.calls, given.workers, given.budget)
        found = kill_trial(Path(folder), load, given.kills, given.seed)
    print(json.dumps(found, indent=2))
    holds = {
        "repeated per kill <= workers": max(found["repeated"]) <= given.workers,
        "none of a finished call": found["repeated_kept"] == 0,
        "spent <= cap": max(found["spent_usd"], found["end"]["spent_usd"]) <= given.budget,
        "no instance lost": found["end"]["done"] == given.instances,
    }
    print(json.dumps(holds, indent=2))
    sys.exit(not all(holds.values()))


if __name__ == "__main__":
    main()
