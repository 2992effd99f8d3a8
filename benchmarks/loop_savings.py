"""What early stop, our response cache and a server's prompt cache save on the scripted phase: off and on.

    python benchmarks/loop_savings.py

The replies are written by hand and their prices made up, so that the shares are of these scripts and of no model; what
is measured is that each switch saves exactly the calls that it should. It climbs the pypi baseline in a temporary
project (some minutes) and leaves nothing behind.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from climbing import climb
from scripted_phase import make_scripted_project

from bugladder import config
from bugladder.records import tables
from bugladder.records.prices import PriceTable
from stages import run


class Trials:
    """Runs of one climbed phase under changed settings, each figure as {"calls": ..., "usd": ...}."""

    def __init__(self, root: Path) -> None:
        """Read what the run stage reads; the working directory is the project's root."""
        self.slice = config.load("baseline", "run")
        self.tasks = tables.read(tables.TASKS, root / "data" / "baseline" / "tasks.parquet")
        self.prices = config.build(self.slice["prices"], PriceTable, "prices")

    def run(self, label: str, *, early_stop: bool, cache: bool = True) -> list[dict[str, Any]]:
        """The calls of a run."""
        changed = copy.deepcopy(self.slice)
        changed["solver"]["early_stop"] = early_stop
        changed["executor"]["model"]["response_cache"] = cache
        return run.run(changed, self.tasks, None, label)["calls"]

    def used(self, calls: list[dict[str, Any]], *, prompt_cache: bool = True) -> dict[str, float]:
        """Calls and the price of their replies, whoever paid for them."""
        return self._sum([c for c in calls if not c["is_lost"]], prompt_cache=prompt_cache)

    def paid(self, calls: list[dict[str, Any]]) -> dict[str, float]:
        """Calls that the run made itself, and what it paid for them."""
        return self._sum([c for c in calls if c["was_paid"]], prompt_cache=True)

    def _sum(self, calls: list[dict[str, Any]], *, prompt_cache: bool) -> dict[str, float]:
        usd = 0.0
        for c in calls:
            cached = c["tokens_cached"] if prompt_cache else 0
            usd += self.prices.price(c["model_answered"], c["model_asked"]).usd(c["tokens_in"], cached, c["tokens_out"])
        return {"calls": len(calls), "usd": round(usd, 6)}


def forget() -> None:
    """Remove results and replies, so that the next run starts with neither."""
    shutil.rmtree(".bugladder/store", ignore_errors=True)
    for path in Path(".bugladder").glob("responses.db*"):
        if path.is_file():
            path.unlink()


def saving(off: dict[str, float], on: dict[str, float]) -> dict[str, Any]:
    """Both figures and the share that is saved, of calls and of USD."""
    shares = {f"saved_{key}": round(1 - on[key] / off[key], 3) for key in ("calls", "usd")}
    return {"off": off, "on": on, **shares}


def measure(root: Path) -> dict[str, Any]:
    """All savings."""
    climb(root, "baseline", ("resolve", "select", "control"))
    with chdir(root):
        trials = Trials(root)
        stopped = trials.run("stopped", early_stop=True)
        # a further run with other settings, which asks again what the first one asked
        again = trials.run("again", early_stop=False)
        forget()
        trials.run("uncached first", early_stop=True, cache=False)
        uncached = trials.run("uncached", early_stop=False, cache=False)
    return {
        "early stop": saving(trials.used(again), trials.used(stopped)),
        "response cache, a second run without early stop after one with it": saving(
            trials.paid(uncached), trials.paid(again)
        ),
        "response cache, both runs": saving(
            _added(trials.paid(stopped), trials.paid(uncached)), _added(trials.paid(stopped), trials.paid(again))
        ),
        "the server's prompt cache, one run": saving(
            trials.used(stopped, prompt_cache=False), trials.used(stopped)
        ),
        "machine_load": os.getloadavg()[0],
    }  # fmt: skip


def _added(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return {key: round(one[key] + other[key], 6) for key in one}


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(make_scripted_project(Path(folder) / "project"))
    print("scripted replies, not a model; prices made up")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
