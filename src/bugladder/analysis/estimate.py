"""Decides what a phase will take: calls, tokens, USD and hours, from instances already solved, else from the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from bugladder.analysis.costs import call_cost_usd
from bugladder.analysis.intervals import generator
from bugladder.analysis.settings import Expected, IntervalSettings, Row
from bugladder.analysis.summary import rounded
from bugladder.records.prices import PriceTable

QUANTITIES = ("calls", "tokens_in", "tokens_cached", "tokens_out", "usd", "hours")
_SUMMED = 5  # the first of them are sums over instances; hours follow from seconds, workers and slots


@dataclass(frozen=True)
class Observation:
    """What one solved instance took, had nothing come from a cache.

    Args:
        calls: tries that were or may have been charged, lost ones included; tokens and usd likewise.
        tokens_in: input tokens.
        tokens_cached: the part of them that the server had cached.
        tokens_out: output tokens, reasoning included.
        usd: their price.
        answer_s: seconds of waiting for replies.
        command_s: the other seconds of solving, which hold a sandbox.
    """

    calls: float
    tokens_in: float
    tokens_cached: float
    tokens_out: float
    usd: float
    answer_s: float
    command_s: float


@dataclass(frozen=True)
class Work:
    """What is to be done: instances that the store does not hold, instances in flight, commands at once."""

    instances: int
    workers: int
    slots: int


def observations(candidates: Iterable[Row], calls: Iterable[Row], prices: PriceTable) -> list[Observation]:
    """One per candidate that was solved or failed by itself, in order of instance.

    A reply from the cache counts in full, since an instance that nobody has solved would have to wait and pay for it.

    Raises:
        BugladderError: a called model has no price.
    """
    by_instance: dict[str, list[Row]] = defaultdict(list)
    for call in calls:
        by_instance[call["instance_id"]].append(call)
    solved = {c["instance_id"]: c for c in candidates if c["seconds"] is not None and c["status"] in {"done", "failed"}}
    return [_observation(solved[name]["seconds"], by_instance[name], prices) for name in sorted(solved)]


def _observation(seconds: float, calls: Sequence[Row], prices: PriceTable) -> Observation:
    waited_s = sum(c["latency_s"] for c in calls if not c["was_cached"])
    return Observation(
        calls=len(calls),
        tokens_in=sum(c["tokens_in"] for c in calls),
        tokens_cached=sum(c["tokens_cached"] for c in calls),
        tokens_out=sum(c["tokens_out"] for c in calls),
        usd=sum(call_cost_usd(c, prices) for c in calls),
        answer_s=sum(c["latency_s"] for c in calls),
        command_s=max(0.0, seconds - waited_s),
    )


def estimate(observed: Sequence[Observation], work: Work, settings: IntervalSettings) -> list[dict[str, Any]]:
    """Expected sums over the new instances, with prediction intervals.

    The interval holds both uncertainties: which instances were seen (resampled) and which will come (drawn from these).
    Hours are wall time: the longer of all seconds over the workers and the commands' seconds over the slots.

    Args:
        observed: at least one.
        work: what is to be done.
        settings: level, resamples, seed.

    Returns:
        One row per quantity: `quantity`, `expected`, `low`, `high`, `reason` (why there is no interval).
    """
    data = np.asarray([astuple(o) for o in observed], dtype=np.float64)
    expected = _quantities(data.mean(axis=0)[None, :] * work.instances, work)[0]
    reason = "n < 2" if len(data) < 2 else ("nothing is left to do" if work.instances == 0 else "")
    if reason:
        return [_row(q, e, None, None, reason) for q, e in zip(QUANTITIES, expected, strict=True)]
    tail = (1 - settings.level) / 2
    low, high = np.quantile(_quantities(_drawn(data, work.instances, settings), work), (tail, 1 - tail), axis=0)
    return [_row(*values, "") for values in zip(QUANTITIES, expected, low, high, strict=True)]


def _drawn(data: Any, instances: int, settings: IntervalSettings) -> Any:
    """Sums by resample and column over instances drawn from a resample of the data."""
    rng = generator(settings.seed, "estimate")
    seen = rng.integers(len(data), size=(settings.resamples, len(data)))
    come = np.take_along_axis(seen, rng.integers(len(data), size=(settings.resamples, instances)), axis=1)
    return np.stack([data[come, column].sum(axis=1) for column in range(data.shape[1])], axis=1)


def _quantities(sums: Any, work: Work) -> Any:
    """Sums by Observation's columns as sums by QUANTITIES."""
    answer_s, command_s = sums[:, -2], sums[:, -1]
    wall_s = np.maximum((answer_s + command_s) / work.workers, command_s / min(work.slots, work.workers))
    return np.column_stack([sums[:, :_SUMMED], wall_s / 3600])


def planned(expected: Expected, work: Work, *, is_free: bool, asks_model: bool) -> list[dict[str, Any]]:
    """The same rows from the plan's figures, which were never measured and give no spread.

    Args:
        expected: the phase's plan.
        work: what is to be done.
        is_free: the arm's models cost nothing, whatever the plan says.
        asks_model: False for an arm without a model, which makes no calls.
    """
    unknown = "the plan does not say" if asks_model else "no model is asked"
    usd = 0.0 if is_free else expected.cost_usd_per_instance * work.instances
    hours = expected.minutes_per_instance * work.instances / work.workers / 60
    counts = None if asks_model else 0.0
    known = {"usd": (usd, "free by conf/prices" if is_free else "the plan gives no spread")}
    known["hours"] = (hours, "the plan gives no spread")
    return [_row(q, known.get(q, (counts,))[0], None, None, known.get(q, ("", unknown))[1]) for q in QUANTITIES]


def _row(quantity: str, expected: float | None, low: float | None, high: float | None, reason: str) -> dict[str, Any]:
    ends = {"low": rounded(low), "high": rounded(high)}
    return {"quantity": quantity, "expected": rounded(expected), **ends, "reason": reason}
