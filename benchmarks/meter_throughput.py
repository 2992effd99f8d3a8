"""How much of a phase's wall time is the model server's own: fixed latency, equal numbers of calls, nothing else to do.

    python benchmarks/meter_throughput.py [--instances 320] [--calls 4] [--workers 32] [--latency 0.2]

Prints calls x latency / workers over the wall time from the first request's arrival to the last reply's end, by the
server's own log. The server is a process of its own; the driver is tests/running/metering/meter_driver.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DRIVER = ROOT / "tests" / "running" / "metering" / "meter_driver.py"


@contextmanager
def server(log: Path, latency_s: float, behaviour: str) -> Iterator[str]:
    """A server process and its base URL."""
    argv = [sys.executable, str(ROOT / "tests" / "chat_server.py"), "--latency", str(latency_s), "--log", str(log)]
    process = subprocess.Popen([*argv, "--behaviour", behaviour], stdout=subprocess.PIPE, text=True)
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def measure(folder: Path, counts: tuple[int, int, int], latency_s: float) -> dict[str, float]:
    """Run the driver once; counts are instances, calls of each, workers."""
    log = folder / "log.jsonl"
    with server(log, latency_s, "plain") as base_url:
        argv = [sys.executable, str(DRIVER), str(folder), base_url, *map(str, counts), "1000000"]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    arrived = [e["s"] for e in events if e["event"] == "arrived"]
    ended = [e["s"] for e in events if e["event"] == "ended"]
    wall_s = max(ended) - min(arrived)
    return {
        "requests": len(arrived),
        "wall_s": wall_s,
        "driver_s": found["seconds"],
        "server_share": len(arrived) * latency_s / counts[2] / wall_s,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=320)
    parser.add_argument("--calls", type=int, default=4)
    parser.add_argument("--workers", type=int, default=32)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds before each reply")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), (given.instances, given.calls, given.workers), given.latency)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
