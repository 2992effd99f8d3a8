"""Grading in containers with an image budget that holds a third of the images: the same results, a bounded disk?

    python benchmarks/containers_disk.py PHASE ROWS MIRRORS [--workers 2] [--share 0.3333] [--base IMAGE]

Run in a project folder in which PHASE was climbed with dataset=swe_bench and sandbox=docker, as far as run. Images of
its instances are made anew from a base of their own, so that no other image holds a layer of them, handed to a registry
on this machine, and removed. Then the reference patches are graded, once with the images that are there and once with
those of the registry. The engine's disk and the prepared repositories are sampled meanwhile; the engine tells pulls and
removals.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
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
        self.events: Counter[str] = Counter()

    @contextmanager
    def over(self, host: str) -> Iterator[None]:
        """Watch while the context lasts; events are those of images of one registry."""
        client = docker.from_env(timeout=60).api
        before, is_over, began = client.df()["LayersSize"], threading.Event(), int(time.time())

        def sample() -> None:
            while not is_over.wait(0.1):
                trees = sum(_size(p) for p in Path(".bugladder").glob("bench-*/.bugladder/docker/trees/*/tree.tar"))
                self.peak_bytes = max(self.peak_bytes, client.df()["LayersSize"] - before + trees)
                self.samples += 1

        def listen() -> None:
            # its own end is the time at which the last event has been told
            events = docker.from_env(timeout=None).api.events(since=began, filters={"type": "image"}, decode=True)
            for event in events:
                if event["Actor"]["Attributes"].get("name", "").startswith(host):
                    self.events[event["Action"]] += 1

        sampler = threading.Thread(target=sample)
        sampler.start()
        threading.Thread(target=listen, daemon=True).start()
        try:
            yield
        finally:
            is_over.set()
            sampler.join()


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

    def watched(self, images: dict[str, str], budget_gb: float | None) -> tuple[Graded, Watch]:
        """Grade with the images of a registry, none of them there, and forget them afterwards."""
        watch = Watch()
        # of what is missing nothing is known yet, and a first guess above the budget would be refused
        guess = {"assumed_gb": budget_gb or 1.0, "prepared_gb": (budget_gb or 1.0) / 5}
        settings = {"pull": "missing", "budget_gb": budget_gb, "ahead": 1, **guess}
        host = next(iter(images.values())).partition("/")[0]
        with watch.over(host):
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
            str(watch.events["pull"]),
            str(watch.events["untag"]),
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
    given = asked.parse_args()
    ids = [r["instance_id"] for r in tables.read(tables.TASKS, Path("data", given.phase, "tasks.parquet"))]
    instances = SweBenchDataset(file=given.rows, mirrors=given.mirrors).load(ids)
    comparison = Comparison(given.phase, instances, given.workers)
    with open_registry() as registry:
        images = hand_over(registry, instances, given.base)
        free = comparison.watched(images, None)
        budget_gb = round(free[1].peak_bytes * given.share / _GB, 3)
        bounded = comparison.watched(images, budget_gb)
    print("| budget | MB | peak MB | pulls | removals | s | resolved | outcomes |\n" + "|---" * 8 + "|")
    print(comparison.row("none", None, free))
    print(comparison.row("a share", budget_gb, bounded))
    print(f"\n{len(ids)} instances, {given.workers} workers; the disk was looked at {bounded[1].samples} times")


if __name__ == "__main__":
    main()
