"""The solver that hands in nothing: what every other solver has to beat."""

from __future__ import annotations

from dataclasses import dataclass

from bugladder.records import Attempt, Candidate, Solution, Task
from bugladder.workspace import Bench


@dataclass(frozen=True)
class NoOpSolver:
    """Hands in no patch and no tests. It has no rounds, so its iterations are None."""

    name: str = "no_op"

    def solve(self, task: Task, bench: Bench) -> Solution:
        """Return at once, with one totals row."""
        del bench
        reason = "no_op hands in nothing"
        totals = Attempt(
            iteration=0,
            step="totals",
            patch_sha256=None,
            public_fail_to_pass_passed=None,
            public_pass_to_pass_passed=None,
            stop_reason=reason,
            seconds=0.0,
        )
        return Solution(Candidate(task.instance_id, None, reason=reason), (totals,))
