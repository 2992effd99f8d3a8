"""Grading in containers with an image budget that holds a third of the images: the same results, a bounded disk?

    python benchmarks/containers_disk.py PHASE ROWS MIRRORS [--workers 2] [--share 0.3333] [--base IMAGE] [--ids ID ...]

Run in a project folder in which PHASE was climbed with dataset=swe_bench and sandbox=docker, as far as run. Images of
its instances are made anew from a base of their own, so that no other image holds a layer of them, handed to a registry
on this machine, and removed. Then the reference patches are graded, once with the images that are there and twice with
those of the registry. The engine's disk and the prepared repositories are sampled meanwhile.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import docker

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from containers_ours import Graded, Ours
from docker_engine import built_image, forget
from image_registry import Registry, open_registry
from lite_images import ImageMaker

from bugladder.datasets.swe_bench import SweBenchDataset
from bugladder.records import Instance, tables

_GB = 10**9
_NAME = "bugladder-bench/disk.{id}:latest"


class Watch:
    """What the images of a run take, sampled: the engine's layers beyond those at the start, and prepared trees."""

    def __init__(self) -> None:
        """Nothing is seen yet."""
        self.peak_bytes = 0
        self.samples = 0
        self.pulls = self.removals = 0

    @contextmanager
    def over(self, registry: Registry) -> Iterator[None]:
        """Watch while the context lasts, with nothing of the registry there before: what came and is not there left."""
        client = docker.from_env(timeout=60).api
        before, is_over = client.df()["LayersSize"], threading.Event()

        def sample() -> None:
            while not is_over.wait(0.1):
                trees = sum(_size(p) for p in Path(".bugladder").glob("bench-*/.bugladder/docker/trees/*/tree.tar"))
                self.peak_bytes = max(self.peak_bytes, client.df()["LayersSize"] - before + trees)
                self.samples += 1

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            yield
        finally:
            is_over.set()
            sampler.join()
            tags = [t for image in client.images() for t in image["RepoTags"] or ()]
            # the engine asks for a manifest once to know what a name means, and once to pull it
            self.pulls = len(registry.pulls) // 2
            self.removals = self.pulls - sum(t.startswith(f"{registry.host}/") for t in tags)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def hand_over(registry: Registry, instances: Sequence[Instance], base: str) -> dict[str, str]:
    """Make the images anew, hand them to the registry, remove them; their references there by instance."""
    found, client = {}, docker.from_env(timeout=600)
    # one layer that nothing else has, below all that follow
    with built_image("bugladder-bench/base:disk", "head -c 16 /dev/urandom >/etc/bench", base=base):
        before = {tag for image in client.images.list("bugladder/recipe") for tag in image.tags}
        maker = ImageMaker("bugladder-bench/base:disk", _NAME)
        for instance in instances:
            local = maker.make(instance)
            found[instance.instance_id] = registry.push(local, f"lite/{instance.instance_id.lower()}")
            forget(local)
        after = {tag for image in client.images.list("bugladder/recipe") for tag in image.tags}
        forget(*(after - before))
    return found


class Comparison:
    """Grading with images that are there, and with images of a registry, each watched."""

    def __init__(self, phase: str, instances: Sequence[Instance], workers: int) -> None:
        """Grade with the images that are there."""
        self._phase, self._instances, self._workers = phase, instances, workers
        self._plain = Ours(phase, instances).run(workers)

    def watched(self, registry: Registry, images: dict[str, str], budget_gb: float | None) -> tuple[Graded, Watch]:
        """Grade with the images of a registry, none of them there, and forget them afterwards."""
        watch = Watch()
        # a first guess above the budget would be refused, and one near it would let nothing stay
        guess = {"assumed_gb": 0.6 * (budget_gb or 1.0), "prepared_gb": 0.15 * (budget_gb or 1.0)}
        settings = {"pull": "missing", "budget_gb": budget_gb, "ahead": 1, **guess}
        registry.pulls.clear()
        with watch.over(registry):
            graded = Ours(self._phase, self._instances, images, settings).run(self._workers)
        forget(*images.values())
        return graded, watch

    def row(self, name: str, budget_gb: float | None, found: tuple[Graded, Watch]) -> str:
        """A line of the table."""
        graded, watch = found
        is_same = (graded.resolved, graded.outcomes) == (self._plain.resolved, self._plain.outcomes)
        cells = [
            name,
            "none" if budget_gb is None else f"{budget_gb * 1000:.0f}",
            f"{watch.peak_bytes / 1e6:.0f}",
            str(watch.pulls),
            str(watch.removals),
            f"{graded.first_s:.0f}",
            f"{sum(graded.resolved.values())} of {len(graded.resolved)}",
            f"{'the same' if is_same else 'OTHERS'} ({len(graded.outcomes)})",
        ]
        return f"| {' | '.join(cells)} |"


def main() -> None:
    """Grade three times and print what was seen."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("phase")
    asked.add_argument("rows")
    asked.add_argument("mirrors")
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--share", type=float, default=1 / 3)
    asked.add_argument("--base", default="local/base:py3")
    asked.add_argument("--ids", nargs="*", default=())
    given = asked.parse_args()
    ids = given.ids or [r["instance_id"] for r in tables.read(tables.TASKS, Path("data", given.phase, "tasks.parquet"))]
    instances = SweBenchDataset(file=given.rows, mirrors=given.mirrors).load(ids)
    comparison = Comparison(given.phase, instances, given.workers)
    with open_registry() as registry:
        images = hand_over(registry, instances, given.base)
        free = comparison.watched(registry, images, None)
        budget_gb = round(free[1].peak_bytes * given.share / _GB, 3)
        bounded = comparison.watched(registry, images, budget_gb)
    print("| budget | MB | peak MB | pulls | removals | s | resolved | outcomes |\n" + "|---" * 8 + "|")
    print(comparison.row("none", None, free))
    print(comparison.row("a share", budget_gb, bounded))
    print(f"\n{len(ids)} instances, {given.workers} workers; the disk was looked at {bounded[1].samples} times")


if __name__ == "__main__":
    main()
