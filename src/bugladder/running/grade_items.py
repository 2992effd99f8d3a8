"""Decides what the results of controls and of grading depend on, and how grades are handed to scoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bugladder.records import canonical_json, sha256_text
from bugladder.records.protocols import Sandbox
from bugladder.records.rows import answer_of, candidate_of, instance_of, task_of
from bugladder.running.code_digest import code_digest
from bugladder.running.items import BatchResult, WorkItem
from bugladder.running.store import Store

Row = Mapping[str, Any]


def control_item(row: Row, slice_: Mapping[str, Any], sandbox: Sandbox) -> WorkItem:
    """The work item of a row of instances; its payload is the instance."""
    instance = instance_of(row)
    parts = {
        "instance": sha256_text(canonical_json(dict(row))),
        "settings": {name: slice_[name] for name in ("split", "grading", "limits", "seed")},
        "environment": sandbox.digest(instance.environment),
        "code": _code(),
    }
    return WorkItem(instance.instance_id, Store.key("control", parts), instance, instance.environment)


def grade_item(rows: tuple[Row, Row, Row], slice_: Mapping[str, Any], sandbox: Sandbox) -> WorkItem:
    """The work item of one instance's rows of tasks, answers and candidates; its payload are the three records.

    Who made the candidate, and how, is no part of the key: the same patch is graded once.
    """
    task, answer, candidate = task_of(rows[0]), answer_of(rows[1]), candidate_of(rows[2])
    parts = {
        "candidate": {"patch": rows[2]["patch"], "test_files": rows[2]["test_files"]},
        "answer": sha256_text(canonical_json(dict(rows[1]))),
        "settings": {name: slice_[name] for name in ("grading", "limits")},
        "environment": sandbox.digest(task.environment),
        "code": _code(),
    }
    return WorkItem(task.instance_id, Store.key("score", parts), (task, answer, candidate), task.environment)


def grades(result: BatchResult) -> dict[str, dict[str, Any]]:
    """Grades by instance, as scoring takes them.

    Raises:
        PausedError: the batch was paused.
    """
    result.require_complete()
    return {
        name: {
            "value": item.value,
            "status": item.status.value,
            "reason": item.reason,
            "reused": item.reused,
            "error_class": item.error_class,
        }
        for name, item in result.results.items()
    }


def _code() -> list[str]:
    return [code_digest("bugladder.grading.work"), code_digest("bugladder.runners.pytest")]
