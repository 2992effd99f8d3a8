"""Decides which calls a run paid for, and adds those that it paid for and did not use, from what the ledger booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bugladder.running.metering.ledger import BookedTry, TryOutcome

Row = dict[str, Any]


def accounted(instance_ids: Iterable[str], used: Mapping[str, Sequence[Row]], booked: Iterable[BookedTry]) -> list[Row]:
    """Whole rows of calls of the named instances, those used first.

    Priced at the table of prices, the rows that were paid for sum up to what the ledger has spent on these instances,
    restarts included.

    Args:
        instance_ids: the phase's instances, in order.
        used: rows by instance as MeteredChat.rows gives them; absent where an instance came to no result.
        booked: the tries of this run's scope.
    """
    by_instance: dict[str, list[BookedTry]] = {}
    for entry in booked:
        by_instance.setdefault(entry.instance_id, []).append(entry)
    return [row for i in instance_ids for row in _of_instance(i, used.get(i, ()), by_instance.get(i, []))]


def _of_instance(instance_id: str, used: Sequence[Row], booked: Sequence[BookedTry]) -> list[Row]:
    answered = Counter(t.request for t in booked if t.outcome is TryOutcome.ANSWERED)
    found: list[Row] = []
    matched: set[str] = set()
    for row in used:
        was_paid = answered[row["request_hash"]] > 0 and row["request_hash"] not in matched
        if was_paid:
            matched.add(row["request_hash"])
        found.append({**row, "was_paid": was_paid, "is_lost": False})
    lost: list[Row] = []
    for entry in booked:
        if entry.outcome is TryOutcome.ANSWERED and entry.request in matched:
            # one row stands for one payment: a second one for the same request has brought nothing
            matched.discard(entry.request)
        else:
            lost.append(_lost(instance_id, len(lost) + 1, entry))
    return [*found, *lost]


def _lost(instance_id: str, number: int, entry: BookedTry) -> Row:
    unanswered = {"model_answered": "", "latency_s": 0.0, "retries": 0, "finish_reason": ""}
    known = entry.facts | unanswered | {k: v for k, v in (entry.result or {}).items() if k != "reason"}
    return {
        **known,
        "call_id": f"{instance_id}/lost-{number}",
        "instance_id": instance_id,
        "request_hash": entry.request,
        "was_cached": False,
        "was_paid": True,
        "is_lost": True,
    }
