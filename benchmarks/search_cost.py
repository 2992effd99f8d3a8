"""CPU and wall per candidate of the solver `search`: its forked server beside a cold pytest, in the local sandbox.

Run by path: `python benchmarks/search_cost.py [--candidates N]`. The bug is made up; the environment comes from the
cache or the package index.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import statistics
import tarfile
import time
from pathlib import Path

from bugladder.records import Environment, RunnerSpec, SdistSource
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox
from bugladder.solvers.repair.evaluation import Evaluation, TrialLimits, evaluate
from bugladder.solvers.repair.source import Edit
from bugladder.workspace import Deadline, Workspace

PINS = ("iniconfig==2.3.1", "packaging==26.3", "pluggy==1.7.0", "pygments==2.21.0", "pytest==8.4.2")
CODE = "def small(x):\n    return x < 1\n"
# a test file of the size that small libraries have
TESTS = "from core import small\n\n\ndef test_small():\n    assert small(1)\n" + "".join(
    f"\n\ndef test_{n}():\n    value = {{'a': {n}, 'b': [{n}] * 3}}\n    assert value['b'][0] == value['a']\n"
    for n in range(200)
)
IDS = ("tests/test_core.py::test_small",)


def make_source(cache: Path) -> SdistSource:
    """Put the made-up library's sdist into the cache."""
    buffer = io.BytesIO()
    metadata = "Metadata-Version: 2.1\nName: core\nVersion: 1\n"
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in (("PKG-INFO", metadata), ("core.py", CODE), ("tests/test_core.py", TESTS)):
            info = tarfile.TarInfo(f"core-1/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    path = cache / "sdists" / digest / "core-1.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return SdistSource("core", "1", path.name, digest)


def cold(workspace: Workspace, repeats: int) -> tuple[float, float]:
    """Median CPU and wall seconds of a cold run of the same test."""
    results = [workspace.test(IDS).command for _ in range(repeats)]
    return statistics.median(r.cpu_s for r in results), statistics.median(r.wall_s for r in results)


def forked(workspace: Workspace, candidates: int) -> tuple[Evaluation, float]:
    """Trials of as many candidates, and the wall seconds of all, the server's start included."""
    edits = [Edit("core.py", len(CODE), len(CODE), f"# {n}\n") for n in range(candidates)]
    limits = TrialLimits(timeout_s=20.0, cpu_factor=10.0, cpu_floor_s=2.0, memory_mb=1024)
    began = time.monotonic()
    found = evaluate(workspace, IDS, edits, limits, Deadline(600.0))
    return found, time.monotonic() - began


def main() -> None:
    """Print both, side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--cache", type=Path, default=Path(".bugladder"))
    given = parser.parse_args()
    cache = given.cache.resolve()
    environment = Environment(make_source(cache), PINS, RunnerSpec("pytest", ("tests",)))
    with workspace_opener(LocalSandbox(cache=str(cache)), 60.0)(environment, {}) as workspace:
        cold_cpu_s, cold_wall_s = cold(workspace, 7)
        found, wall_s = forked(workspace, given.candidates)
    cpu_s = statistics.median(t.cpu_s for t in found.trials.values())
    print(f"cold pytest       cpu {1000 * cold_cpu_s:7.1f} ms   wall {1000 * cold_wall_s:7.1f} ms   (median of 7)")
    print(f"forked candidate  cpu {1000 * cpu_s:7.1f} ms   (median of {len(found.trials)})")
    print(f"forked, all in    wall {1000 * wall_s / given.candidates:6.1f} ms a candidate, the server's start included")


if __name__ == "__main__":
    main()
