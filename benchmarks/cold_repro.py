"""Cold `make repro` of the committed HEAD: wall time, peak memory, download size, and where the time goes.

    python benchmarks/cold_repro.py [FOLDER]

Clones HEAD into an empty folder, with an empty uv cache, and reads the stages off dvc's lines. Memory is the sum of
resident sizes over the process tree, sampled twice a second; the download is what the network cards received.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

import psutil

_STAGE = re.compile(r"Running stage '([^']+)'")


class Peak(threading.Thread):
    """Samples the resident memory of a process tree."""

    def __init__(self, pid: int) -> None:
        """Watch the tree below pid."""
        super().__init__(daemon=True)
        self.root = psutil.Process(pid)
        self.bytes = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        """Sample until told to stop."""
        while not self.is_over.wait(0.5):
            try:
                tree = [self.root, *self.root.children(recursive=True)]
                self.bytes = max(self.bytes, sum(_resident(p) for p in tree))
            except psutil.NoSuchProcess:
                return


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _received() -> int:
    return sum(c.bytes_recv for name, c in psutil.net_io_counters(pernic=True).items() if name != "lo")


def main() -> None:
    """Clone, climb, print."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="cold-")).resolve()
    clone = folder / "bugladder"
    subprocess.run(["git", "clone", "-q", ".", str(clone)], check=True)
    env = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"} | {"UV_CACHE_DIR": str(folder / "uv")}
    started, received = time.monotonic(), _received()
    process = subprocess.Popen(
        ["make", "repro"],
        cwd=clone,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = Peak(process.pid)
    peak.start()
    spent: dict[str, float] = defaultdict(float)
    name, since = "setup", started
    for line in process.stdout or ():
        print(line, end="", flush=True)
        found = _STAGE.search(line)
        if found:
            now = time.monotonic()
            spent[name] += now - since
            name, since = found[1], now
    code = process.wait()
    spent[name] += time.monotonic() - since
    peak.is_over.set()
    wall, download = time.monotonic() - started, (_received() - received) / 1e6
    print(f"\nexit {code}, {wall:.0f} s wall on {psutil.cpu_count()} cores")
    print(f"peak {peak.bytes / 2**20:.0f} MiB resident, {download:.0f} MB received\n\n| part | seconds |\n|---|---|")
    for part, seconds in spent.items():
        print(f"| {part} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
