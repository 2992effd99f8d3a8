"""Decides what an estimate rests on: rows of phases that this arm climbed, else the plan; and what the machine has."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from bugladder import config
from bugladder.analysis.estimate import Work, estimate, observations, planned
from bugladder.analysis.lacks import Machine, Needs, budget_lacks, is_free, machine_lacks, model_lacks
from bugladder.analysis.settings import AnalysisRules, PhasePlan
from bugladder.records import tables
from bugladder.records.prices import PriceTable

Rows = dict[str, dict[str, Any]]
_MB = 1024 * 1024
_NOTES = (
    "Every new instance counts as valid. What is in the store stays there while task, code and settings do.",
    "Hours are of solving alone, without controls and grading.",
)


@dataclass(frozen=True)
class Seen:
    """What an arm did so far: its candidates by instance, its calls by id, the phases that they come from."""

    candidates: Rows
    calls: Rows
    phases: tuple[str, ...]

    @property
    def stored(self) -> int:
        """Instances whose result is in the store."""
        return sum(c["status"] == "done" for c in self.candidates.values())


def this_machine(cache: Path) -> Machine:
    """What there is now; the disk is the one that the cache folder stands on, or would stand on."""
    folder = cache.resolve()
    while not folder.exists():
        folder = folder.parent
    free, available = psutil.disk_usage(str(folder)).free, psutil.virtual_memory().available
    return Machine(cpus=os.cpu_count() or 1, memory_mb=available // _MB, disk_mb=free // _MB)


def estimated(whole: Mapping[str, Any], machine: Machine, environment: Mapping[str, str]) -> dict[str, Any]:
    """The estimate of a resolved phase, JSON-ready; reads the phases' tables below data/ and writes nothing.

    Args:
        whole: the resolved configuration, with the phases up to this one as `plan`.
        machine: what there is.
        environment: variables by name; only asked whether a key is set.

    Raises:
        BugladderError: a table that cannot be read, or a called model without a price.
    """
    plan, prices = config.build(whole["phase"], PhasePlan, "phase"), config.build(whole["prices"], PriceTable, "prices")
    rules = config.build(whole["analysis"], AnalysisRules, "analysis")
    seen, needs = seen_so_far(whole), _needs(whole, machine)
    work = Work(max(0, plan.size - seen.stored), plan.workers, needs.slots)
    observed = observations(seen.candidates.values(), seen.calls.values(), prices)
    rows = estimate(observed, work, rules.interval) if observed else _planned(whole, plan, work, prices)
    (money,) = (row for row in rows if row["quantity"] == "usd")
    return _names(whole) | {
        "instances": {"size": plan.size, "reused": plan.size - work.instances, "new": work.instances},
        "level": rules.interval.level,
        "basis": _basis(len(observed), seen.phases, plan.name),
        "quantities": rows,
        "notes": list(_NOTES),
        "lacks": [
            *model_lacks(whole["model"], prices, environment),
            *budget_lacks(money, plan.budget_usd),
            *machine_lacks(needs, machine),
        ],
    }


def seen_so_far(whole: Mapping[str, Any]) -> Seen:
    """The rows of those phases up to this one that this arm climbed on this dataset; a later phase's row goes first."""
    candidates: Rows = {}
    calls: Rows = {}
    phases = tuple(p["name"] for p in whole["plan"] if _is_of_arm(p["name"], whole))
    for phase in phases:
        read = {n: tables.read(tables.ALL[n], _table(phase, n)) for n in ("candidates", "calls")}
        candidates |= {c["instance_id"]: c for c in read["candidates"]}
        renewed = {c["instance_id"] for c in read["candidates"]}
        calls = {i: c for i, c in calls.items() if c["instance_id"] not in renewed}
        calls |= {c["call_id"]: c for c in read["calls"]}
    return Seen(candidates, calls, phases)


def _is_of_arm(phase: str, whole: Mapping[str, Any]) -> bool:
    path = config.resolved_path(phase)
    if not (path.exists() and _table(phase, "candidates").exists()):
        return False
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    is_same = all(found.get(key) == whole[key] for key in ("solver", "model", "limits"))
    return is_same and bool(found["dataset"]["name"] == whole["dataset"]["name"])


def _table(phase: str, name: str) -> Path:
    return Path("data", phase, f"{name}.parquet")


def _planned(whole: Mapping[str, Any], plan: PhasePlan, work: Work, prices: PriceTable) -> list[dict[str, Any]]:
    asks_model = whole["model"]["name"] != "none"
    return planned(plan.expected, work, is_free=is_free(whole["model"], prices), asks_model=asks_model)


def _names(whole: Mapping[str, Any]) -> dict[str, Any]:
    names = {group: whole[group]["name"] for group in ("phase", "dataset", "model")}
    return names | {"arm": whole["solver"]["name"], "arm_digest": config.arm_digest(whole)}


def _needs(whole: Mapping[str, Any], machine: Machine) -> Needs:
    node = dict(whole["sandbox"])
    slots = node.pop("slots", None) or machine.cpus
    sandbox: Any = config.build(node, where="sandbox")
    limits = (getattr(sandbox, name, None) for name in ("memory_mb", "disk_mb"))
    return Needs(whole["phase"]["workers"], slots, *limits)


def _basis(n: int, phases: Sequence[str], phase: str) -> str:
    if n:
        return f"From {n} instances that this arm has solved in {', '.join(phases)}, drawn anew for the interval."
    return f"From the plan's figures in conf/phase/{phase}.yaml, never measured: no phase so far has rows of this arm."
