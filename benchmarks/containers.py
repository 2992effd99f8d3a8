"""Wall time of grading reference patches in containers: ours, a bare `docker run`, and the official harness.

    python benchmarks/containers.py PHASE ROWS OFFICIAL [--workers 1 2] [--repeats 2] [--ids ID ...] [--out FILE]

Run in a project folder in which PHASE was climbed with dataset=swe_bench and sandbox=docker, as far as run; ROWS is the
dataset's file and OFFICIAL the interpreter of an environment with swebench 5.0.2. Ours is the process
`python -m stages.score` from its start to its end with an empty store, then the same command again; the official
harness is its process, too. Repositories were prepared by control, as they always are. The ways take turns, each repeat
in the opposite order. Instances whose official command is tox's are left out: our images have none.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from containers_official import Bare, Harness
from containers_ours import Ours

from bugladder.datasets.swe_bench import SweBenchDataset
from bugladder.records import Instance, tables
from bugladder.sources import official

_AGAIN = "ours, again"
Way = Ours | Bare | Harness


class Trial:
    """What the ways took and found with one number of workers."""

    def __init__(self, workers: int) -> None:
        """Nothing is measured yet."""
        self.workers = workers
        self.walls_s: dict[str, list[float]] = defaultdict(list)
        self.verdicts: dict[str, dict[str, bool]] = {}

    def take(self, way: Way) -> None:
        """Run one way and remember."""
        started = time.monotonic()
        found = way.run(self.workers)
        wall_s = time.monotonic() - started
        if not isinstance(found, dict):
            self.walls_s["ours, inside the stage"].append(found.inner_s)
            self.walls_s[_AGAIN].append(found.again_s)
            wall_s, found = found.first_s, found.resolved
        self.walls_s[way.name].append(wall_s)
        if self.verdicts.setdefault(way.name, found) != found:
            raise SystemExit(f"{way.name}: verdicts changed from repeat to repeat")
        print(f"{self.workers} workers, {way.name}: {wall_s:.1f} s, {sum(found.values())} resolved", file=sys.stderr)

    def print_table(self) -> None:
        """Each way's mean, its single values, and what ours takes of it."""
        means = {name: statistics.mean(values) for name, values in self.walls_s.items()}
        print(f"\n| {self.workers} workers | mean s | each | resolved | ours / it |\n|---|---|---|---|---|")
        for name, mean in means.items():
            each = ", ".join(f"{v:.1f}" for v in self.walls_s[name])
            share = f"again / ours {mean / means['ours']:.3f}" if name == _AGAIN else f"{means['ours'] / mean:.2f}"
            count = sum(self.verdicts.get(name, self.verdicts["ours"]).values())
            print(f"| {name} | {mean:.1f} | {each} | {count} | {share} |")
        are_equal = all(v == self.verdicts["ours"] for v in self.verdicts.values())
        print(f"\n{len(self.verdicts['ours'])} instances, verdicts {'equal' if are_equal else 'DIFFER'}")


def chosen(phase: str, rows: str, ids: Sequence[str]) -> list[Instance]:
    """The instances asked for, or the phase's valid ones that can be run by all ways."""
    valid = [r["instance_id"] for r in tables.read(tables.TASKS, Path("data", phase, "tasks.parquet"))]
    found = SweBenchDataset(file=rows, sandbox="docker").load(ids or valid)
    return [i for i in found if official.spec_of(i.repo, i.version).command[0] != "tox"]


def main() -> None:
    """Measure, and print one table for each number of workers."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("phase")
    asked.add_argument("rows")
    asked.add_argument("official", type=Path)
    asked.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked.add_argument("--repeats", type=int, default=2)
    asked.add_argument("--ids", nargs="*", default=())
    asked.add_argument("--out", type=Path)
    given = asked.parse_args()
    instances, python = chosen(given.phase, given.rows, given.ids), given.official.absolute()
    ways: list[Way] = [
        Ours(given.phase, instances),
        Bare(instances),
        Harness(python, instances, trimmed=True),
        Harness(python, instances, trimmed=False),
    ]
    trials = [Trial(workers) for workers in given.workers]
    for trial in trials:
        for repeat in range(given.repeats):
            for way in ways[:: -1 if repeat % 2 else 1]:
                trial.take(way)
        trial.print_table()
    if given.out:
        given.out.write_text(json.dumps([vars(trial) for trial in trials], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
