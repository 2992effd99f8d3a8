"""A solver as work of the batch loop: opens the task, hands the solver its bench, returns rows that can be stored."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

from bugladder.records import Task, canonical_json
from bugladder.records.protocols import OpenWorkspace, Solver
from bugladder.records.rows import attempt_row, candidate_row
from bugladder.workspace import Bench, Deadline


@dataclass(frozen=True)
class SolveWork:
    """Runs a solver on tasks; call it with a Task. No answer can come through it: it has none.

    Args:
        solver: what turns a task into a candidate.
        open_workspace: opens a fresh workspace.
        seed: with the instance's id it seeds the solver's random generator, so that workers do not matter.
        timeout_s: safety net of one instance.
    """

    solver: Solver
    open_workspace: OpenWorkspace
    seed: int
    timeout_s: float

    def __call__(self, task: Task) -> dict[str, Any]:
        """Rows of candidate and attempts of one instance, and `was_cut`."""
        with self.open_workspace(task.environment, task.public_test_files) as workspace:
            started = time.monotonic()
            workspace.remember()
            rng = random.Random(f"{self.seed}/{task.instance_id}")
            solution = self.solver.solve(task, Bench(workspace, rng, Deadline(self.timeout_s)))
            seconds = time.monotonic() - started
            enforcement = canonical_json(workspace.session.enforcement)
        return {
            "candidate": {**candidate_row(solution.candidate), "seconds": seconds, "enforcement": enforcement},
            "attempts": [attempt_row(task.instance_id, a) for a in solution.attempts],
            "was_cut": solution.was_cut,
        }
