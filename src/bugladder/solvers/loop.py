"""The test-aware debugging loop on a chat model: reproduce, fix, verify, and go on where the evidence says."""

from __future__ import annotations

from dataclasses import dataclass

from bugladder.records import Solution, Task
from bugladder.solvers.debugging.rounds import Rounds
from bugladder.solvers.debugging.settings import LoopSettings
from bugladder.workspace import Bench


@dataclass(frozen=True)
class LoopSolver(LoopSettings):
    """Asks for tests that show the bug and for patches that repair it, and runs both, up to `max_iterations` rounds.

    The candidate is the best verified patch with the tests that failed on the buggy code; nothing that was not run is
    handed in. It stops when all public evidence passes, which must hold a test that failed on the buggy code.
    """

    def solve(self, task: Task, bench: Bench) -> Solution:
        """Work on a task with the chat of its bench.

        Raises:
            BugladderError: a cap is reached, or there is no model.
            InfrastructureError: the sandbox or the model's server failed.
        """
        return Rounds.of(task, self, bench).solution()
