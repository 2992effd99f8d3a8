"""Decides whether one criterion holds, is broken or is unknown, and whether n is large enough to tell."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bugladder.analysis.settings import Criterion
from bugladder.records import BugladderError

Role = Literal["success", "proceed", "halt"]
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
# Which interval belongs to which leaf of a block; other leaves (a count, an end of an interval) have none.
_INTERVALS = {"mean": "ci", "rate": "ci", "median": "median_ci", "per_instance": "ci"}


@dataclass(frozen=True)
class Measure:
    """A metric as a criterion needs it; n is None for counts, which are exact."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    worst: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Judged:
    """A criterion with what became of it. passed: its comparison holds (a halt that passes halts); None is unknown."""

    role: Role
    criterion: Criterion
    measure: Measure
    passed: bool | None
    passed_at_worst: bool | None
    n_suffices: bool | None
    reason: str

    def to_row(self) -> dict[str, Any]:
        """A flat row for decision.json and the criteria table."""
        return {
            "role": self.role,
            "metric": self.criterion.metric,
            "says": self.criterion.says,
            "value": self.measure.value,
            "ci_low": self.measure.low,
            "ci_high": self.measure.high,
            "n": self.measure.n,
            "comparison": self.criterion.comparison,
            "threshold": self.criterion.threshold,
            "passed": self.passed,
            "worst": self.measure.worst,
            "passed_at_worst": self.passed_at_worst,
            "n_suffices": self.n_suffices,
            "reason": self.reason,
        }


def measure(metrics: Mapping[str, Any], path: str) -> Measure:
    """Look a dotted path up in the metrics, with the interval and n of its block.

    Raises:
        BugladderError: no such metric.
    """
    block: Any = metrics
    *parents, leaf = path.split(".")
    for key in parents:
        block = block.get(key) if isinstance(block, Mapping) else None
    if not isinstance(block, Mapping) or leaf not in block:
        raise BugladderError(f"criteria: metric {path!r} is not in the metrics; see metrics.json for the paths")
    value = block[leaf]
    if not parents:
        return Measure(value)
    prefix = _INTERVALS.get(leaf)
    low, high = (block.get(f"{prefix}_{end}") if prefix else None for end in ("low", "high"))
    # worst and best counting are of the mean; a median or a deviation has none
    worst = block.get("worst") if leaf in {"mean", "rate"} else None
    return Measure(value, low, high, block.get("n"), worst, str(block.get("reason", "")))


def judge(role: Role, criterion: Criterion, metrics: Mapping[str, Any], measured_share: float) -> Judged:
    """Compare one metric with its threshold.

    Args:
        role: whose criterion it is.
        criterion: metric, comparison, threshold.
        metrics: as metrics.json; `n_graded` sets what half of the graded instances is.
        measured_share: below this share of n_graded the criterion is unknown.
    """
    found = measure(metrics, criterion.metric)
    compare, threshold = _COMPARE[criterion.comparison], criterion.threshold
    reason = _unknown(found, metrics["n_graded"], measured_share)
    if reason or found.value is None:
        return Judged(role, criterion, found, None, None, None, reason)
    at_worst = None if found.worst is None else compare(found.worst, threshold)
    return Judged(role, criterion, found, compare(found.value, threshold), at_worst, _n_suffices(found, threshold), "")


def _unknown(found: Measure, n_graded: int, measured_share: float) -> str:
    if found.n is not None and found.n < measured_share * n_graded:
        return f"measured on {found.n} of {n_graded} graded instances, fewer than {measured_share:.0%}"
    return (found.reason or "not measured") if found.value is None else ""


def _n_suffices(found: Measure, threshold: float) -> bool | None:
    if found.n is None:
        return True  # a count is exact
    if found.low is None or found.high is None:
        return None
    return threshold < found.low or threshold > found.high
