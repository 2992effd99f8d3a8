"""Decides how a solver's rounds are shown: what gates found, why it stopped, how many rounds it used."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bugladder.analysis.settings import Row
from bugladder.analysis.summary import rounded
from bugladder.records import BugladderError


def gate_table(attempts: Iterable[Row]) -> list[dict[str, Any]]:
    """One row per gate that found anything: how often, in how many rounds, on how many instances.

    Raises:
        BugladderError: a `gates` column is not JSON.
    """
    count: Counter[str] = Counter()
    rounds: Counter[str] = Counter()
    instances: dict[str, set[str]] = defaultdict(set)
    for row in attempts:
        for gate, found in _gates(row).items():
            count[gate] += found
            rounds[gate] += 1
            instances[gate].add(row["instance_id"])
    return [
        {"gate": gate, "count": count[gate], "rounds": rounds[gate], "instances": len(instances[gate])}
        for gate in sorted(count)
    ]


def _gates(row: Row) -> Mapping[str, int]:
    try:
        gates: Mapping[str, int] = json.loads(row["gates"] or "{}")
    except json.JSONDecodeError as error:
        raise BugladderError(f"{row['instance_id']}: attempts.gates is not JSON; run the run stage again") from error
    return {gate: found for gate, found in gates.items() if found}


def stop_table(attempts: Iterable[Row]) -> list[dict[str, Any]]:
    """One row per reason to stop: on how many instances, and which.

    An instance's reason is that of iteration 0, where solvers write their totals, else that of its last iteration.
    """
    last: dict[str, Row] = {}
    for row in attempts:
        held = last.get(row["instance_id"])
        if held is None or _rank(row) >= _rank(held):
            last[row["instance_id"]] = row
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, row in last.items():
        reasons[row["stop_reason"]].append(name)
    ordered = sorted(reasons, key=lambda reason: (-len(reasons[reason]), reason))
    return [{"stop_reason": r, "count": len(reasons[r]), "instances": " ".join(sorted(reasons[r]))} for r in ordered]


def _rank(row: Row) -> tuple[bool, int]:
    return row["iteration"] == 0, row["iteration"]


def iteration_table(candidates: Iterable[Row]) -> list[dict[str, Any]]:
    """One row per number of rounds used: instances; those of solvers without rounds are left out."""
    used = Counter(c["iterations"] for c in candidates if c["iterations"] is not None)
    return [{"iterations": number, "instances": used[number]} for number in sorted(used)]


def iteration_block(candidates: Sequence[Row]) -> dict[str, Any]:
    """Rounds used: mean, median, min, max over candidates that count rounds (n), and how many used all they had."""
    counted = [c for c in candidates if c["iterations"] is not None]
    used = np.asarray([c["iterations"] for c in counted], dtype=float)
    names = ("mean", "median", "min", "max")
    found = (used.mean(), np.median(used), used.min(), used.max()) if counted else (None,) * len(names)
    at_limit = sum(c["max_iterations"] is not None and c["iterations"] >= c["max_iterations"] for c in counted)
    return {k: rounded(v) for k, v in zip(names, found, strict=True)} | {"n": len(counted), "at_limit": at_limit}
