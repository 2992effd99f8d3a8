"""Joins a phase's tables into one row per selected instance: what it is, if it counts, what the arm scored on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bugladder.analysis.costs import PricedCall
from bugladder.analysis.failure_modes import failure_mode
from bugladder.analysis.settings import PhaseTables, Row
from bugladder.records import BugladderError, Verdict

SCORES = ("overall", "hfs", "brs", "tss", "public_rate", "overfit_gap")
_FACTS = ("instance_id", "dataset", "origin", "repo", "version", "difficulty", "operator")
_SCORED = (
    "resolved",
    *SCORES,
    "success",
    "iterations",
    "public_units",
    "hidden_units",
    "applied_by",
    "infrastructure_class",
)


def instance_rows(tables: PhaseTables, arm: str, calls: Sequence[PricedCall]) -> list[dict[str, Any]]:
    """One row per selected instance, in the order of the selection.

    Args:
        tables: the phase's rows by table.
        arm: the solver's arm in the scores table.
        calls: the phase's calls with their money.

    Returns:
        Rows of facts, `validity` (True, False, or None where the controls could not tell), `verdict`, scores (null
        where not graded), `mode`, `protocol`, `reused`, `cost_usd`, `spent_usd`, `seconds` (of solving) and
        `reason`.

    Raises:
        BugladderError: the arm has no rows in the scores table.
    """
    scores = {s["instance_id"]: s for s in tables.scores if s["arm"] == arm}
    if tables.scores and not scores:
        known = ", ".join(sorted({s["arm"] for s in tables.scores}))
        raise BugladderError(f"arm {arm!r} has no rows in the scores table; its arms: {known}")
    join = _Join(tables, scores, arm, calls)
    return [join.row(instance) for instance in tables.instances]


def validity(controls: Iterable[Row]) -> dict[str, bool | None]:
    """By instance id: False where any control says so, None where any could not be judged, else True."""
    found: dict[str, list[bool | None]] = defaultdict(list)
    for row in controls:
        found[row["instance_id"]].append(row["valid"])
    return {i: False if False in v else (None if None in v else True) for i, v in found.items()}


class _Join:
    """Lookups by instance id, made once."""

    def __init__(self, tables: PhaseTables, scores: Mapping[str, Row], arm: str, calls: Sequence[PricedCall]) -> None:
        self.scores = scores
        self.validity = validity(tables.controls)
        self.tasks = {t["instance_id"]: t for t in tables.tasks}
        self.candidates = {c["instance_id"]: c for c in tables.candidates}
        self.control_reasons = {
            c["instance_id"]: c["reason"] for c in tables.controls if c["valid"] is not True and c["reason"]
        }
        self.outcomes: dict[str, list[Row]] = defaultdict(list)
        for outcome in tables.outcomes:
            if outcome["arm"] == arm:
                self.outcomes[outcome["instance_id"]].append(outcome)
        self.calls: dict[str, list[PricedCall]] = defaultdict(list)
        for call in calls:
            self.calls[call.row["instance_id"]].append(call)

    def row(self, instance: Row) -> dict[str, Any]:
        name = instance["instance_id"]
        score = self.scores.get(name)
        verdict = self._verdict(name, score)
        row = {column: instance[column] for column in _FACTS}
        row |= {"validity": self._is_valid(name, verdict), "verdict": verdict.value}
        is_graded = score is not None and verdict.is_graded
        row |= {column: score[column] if score is not None and is_graded else None for column in _SCORED}
        if score is not None:
            row["infrastructure_class"] = score["infrastructure_class"]
        row["mode"] = failure_mode(score, self.outcomes[name], self.tasks.get(name)) if score else None
        row["reason"] = self._reason(name, score)
        return row | self._running(name)

    def _verdict(self, name: str, score: Row | None) -> Verdict:
        if self.validity.get(name) is False:
            return Verdict.INVALID_INSTANCE
        if score is not None:
            return Verdict(score["verdict"])
        is_judged = self.validity.get(name) is True
        return Verdict.NOT_RUN if is_judged else Verdict.INFRA_ERROR

    def _is_valid(self, name: str, verdict: Verdict) -> bool | None:
        return False if verdict is Verdict.INVALID_INSTANCE else self.validity.get(name)

    def _reason(self, name: str, score: Row | None) -> str:
        if name in self.control_reasons:
            return str(self.control_reasons[name])
        return str(score["reason"]) if score is not None else "no score"

    def _running(self, name: str) -> dict[str, Any]:
        candidate, task, calls = self.candidates.get(name), self.tasks.get(name), self.calls[name]
        return {
            "protocol": task["protocol"] if task else None,
            "reused": bool(candidate["reused"]) if candidate else False,
            "cost_usd": round(sum(c.cost_usd for c in calls), 6),
            "spent_usd": round(sum(c.spent_usd for c in calls), 6),
            "seconds": candidate["seconds"] if candidate else None,
        }
