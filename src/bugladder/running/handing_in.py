"""A solver that hands in what was made elsewhere, as work of the batch loop: no sandbox, no chat, no waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bugladder.records import Task
from bugladder.records.protocols import HandsIn
from bugladder.records.rows import attempt_row, candidate_row, task_of
from bugladder.running.code_digest import code_digest
from bugladder.running.items import WorkItem
from bugladder.running.store import Store


def hand_in_item(row: Mapping[str, Any], solver: HandsIn) -> WorkItem:
    """The work item of a row of tasks: neither environment nor limits, seed or settings are part of its key.

    Raises:
        BugladderError: what the solver takes from is not as it should be.
    """
    task = task_of(row)
    code = [code_digest(name) for name in (type(solver).__module__, __name__)]
    parts = {"instance": task.instance_id, "given": solver.given(task), "code": code}
    return WorkItem(task.instance_id, Store.key("run", parts), task)


def hand_in(solver: HandsIn, task: Task) -> dict[str, Any]:
    """Rows of candidate and attempts of one instance, as SolveWork returns them; there are no calls."""
    solution = solver.solve(task, None)
    return {
        "candidate": {**candidate_row(solution.candidate), "seconds": 0.0, "enforcement": "{}"},
        "attempts": [attempt_row(task.instance_id, a, None) for a in solution.attempts],
        "calls": [],
        "transcripts": [],
        "was_cut": solution.was_cut,
    }
