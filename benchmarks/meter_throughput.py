"""How much of a phase's wall time is the model server's own: fixed latency, equal numbers of calls, nothing else to do.

    python benchmarks/meter_throughput.py [--instances 320] [--calls 4] [--workers 32] [--latency 0.2]

Prints calls x latency / workers over the wall time from the first request's arrival to the last reply's end, by the log
of the server, which is a process of its own. Run it on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from meter_trials import Load, throughput


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=320)
    parser.add_argument("--calls", type=int, default=4)
    parser.add_argument("--workers", type=int, default=32)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds before each reply")
    given = parser.parse_args()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found = throughput(Path(folder), Load(given.instances, given.calls, given.workers), given.latency)
    print(json.dumps({**found, "machine_load_before": load_before, "cpus": os.cpu_count()}, indent=2))


if __name__ == "__main__":
    main()
