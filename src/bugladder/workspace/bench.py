"""What a solver is handed: its workspace, a random generator and a deadline; no answer can come through it."""

from __future__ import annotations

import random
import socket
import time
from dataclasses import dataclass, field

from bugladder.records.protocols import Chat
from bugladder.workspace.opened import Workspace


@dataclass
class Deadline:
    """A safety net in seconds; the clock starts when the work starts and stands still while it only waits."""

    limit_s: float
    started: float = field(default_factory=time.monotonic)

    def excuse(self, seconds: float) -> None:
        """Do not count these seconds: they were spent in a queue or as a server asked to wait."""
        self.limit_s += seconds

    @property
    def remaining_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.limit_s - (time.monotonic() - self.started))

    @property
    def is_over(self) -> bool:
        """True once the limit has passed."""
        return self.remaining_s <= 0.0


@dataclass(frozen=True)
class Bench:
    """A solver's bench. The workspace is open on the task with its public test files and is remembered for `diff`."""

    workspace: Workspace
    rng: random.Random
    deadline: Deadline
    chat: Chat | None = None
    """The metered chat of this instance; None where no model was chosen."""
    listener: socket.socket | None = None
    """Where the requests of a foreign program in the sandbox arrive; None unless the solver hosts a guest."""
