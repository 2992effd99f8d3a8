"""Decides what a report of JSON lines says: a line a test, one for each test that must fail, one for the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bugladder.records import CommandResult, Outcome, TestReport, TestResult

Events = list[dict[str, Any]]


def read_events(report: bytes, result: CommandResult) -> TestReport:
    """Outcomes by id; a test that a time-out interrupted is not in the report.

    A line that is no JSON object of ours makes the report unreadable: only our programs write there. A test that has
    other names stands under each of them.
    """
    events = _events(report)
    errors = [(e["path"], e["message"]) for e in _named(events, "collection_error")]
    return TestReport(
        results=tuple(r for e in _named(events, "test") for r in _results(e)),
        collection_errors=tuple(errors),
        is_readable=bool(events),
        is_complete=_is_complete(events, result.exit_code),
        command=result,
        distrust=_distrust(events),
    )


def _named(events: Events | None, name: str) -> Events:
    return [e for e in events or () if e["event"] == name]


def _is_complete(events: Events | None, exit_code: int | None) -> bool:
    """The framework's exit status and the process's tell the same story, and every sentinel has run."""
    ends = [e["exit_status"] for e in _named(events, "finished")]
    wanted = sum(e["count"] for e in _named(events, "sentinels"))
    return ends == [exit_code] and wanted == len(_named(events, "sentinel")) and not (wanted and exit_code == 0)


def _distrust(events: Events | None) -> tuple[str, ...]:
    """Why the run cannot be believed; one test that ends twice is one reason."""
    reasons = [str(e["reason"]) for e in _named(events, "distrust")]
    if any(e["outcome"] not in {"failed", "error"} for e in _named(events, "sentinel")):
        reasons.append("a test that must fail did not")
    return tuple(dict.fromkeys(reasons))


def _events(report: bytes) -> Events | None:
    lines = report.decode("utf-8", "replace").split("\n")
    events: Events = []
    # what follows the last line break is a line that a kill cut off
    for line in lines[:-1]:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            return None
        if not isinstance(event, dict) or "event" not in event:
            return None
        events.append(event)
    return events


def _results(event: Mapping[str, Any]) -> Iterator[TestResult]:
    for name in dict.fromkeys([event["id"], *event.get("aliases", ())]):
        yield TestResult(
            test_id=name,
            outcome=Outcome(event["outcome"]),
            phase=event["phase"],
            definition=event["definition"],
            seconds=float(event["seconds"]),
            message=event["message"],
            is_alias=name != event["id"],
        )
