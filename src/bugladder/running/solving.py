"""A solver as work of the batch loop: opens the task, hands the solver its bench, returns rows that can be stored."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bugladder.records import Task, canonical_json
from bugladder.records.chats import Question, Reply
from bugladder.records.protocols import Chat, HostsGuest, OpenWorkspace, Solver
from bugladder.records.rows import attempt_row, candidate_row
from bugladder.running.doorway import open_doorway
from bugladder.workspace import Bench, Deadline, check_history


class RecordedChat(Chat, Protocol):
    """A chat that remembers what was asked (running.metering.chat.MeteredChat).

    No code of the meter is imported here: what is, is part of every stored result's key.
    """

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of `calls` and `transcripts`."""
        ...


MakeChat = Callable[[Task, Deadline], RecordedChat | None]
"""Makes the chat of one task; None where no model was chosen."""


@dataclass(frozen=True)
class _RestingChat:
    """The chat of a guest: while it is asked, the guest's command waits, and its place is somebody else's."""

    chat: Chat
    session: Any

    def ask(self, question: Question) -> Reply:
        with self.session.rest():
            return self.chat.ask(question)


@dataclass(frozen=True)
class SolveWork:
    """Runs a solver on tasks; call it with a Task. No answer can come through it: it has none.

    Args:
        solver: what turns a task into a candidate.
        open_workspace: opens a fresh workspace.
        seed: with the instance's id it seeds the solver's random generator, so that workers do not matter.
        timeout_s: safety net of one instance; what it only waits for is excused.
        make_chat: makes the chat of one task.
    """

    solver: Solver
    open_workspace: OpenWorkspace
    seed: int
    timeout_s: float
    make_chat: MakeChat

    def __call__(self, task: Task) -> dict[str, Any]:
        """Rows of candidate, attempts, calls and transcripts of one instance, and `was_cut`."""
        with self._opened(task) as (workspace, listener):
            git = check_history(workspace.session, task.instance_id)
            started = time.monotonic()
            workspace.remember()
            deadline = Deadline(self.timeout_s)
            workspace.session.excuse = deadline.excuse
            chat = self.make_chat(task, deadline)
            rng = random.Random(f"{self.seed}/{task.instance_id}")
            asked = chat if chat is None or listener is None else _RestingChat(chat, workspace.session)
            solution = self.solver.solve(task, Bench(workspace, rng, deadline, asked, listener))
            seconds = time.monotonic() - started
            enforcement = canonical_json(workspace.session.enforcement)
        return {
            "candidate": {**candidate_row(solution.candidate), "seconds": seconds, "enforcement": enforcement},
            "attempts": [attempt_row(task.instance_id, a, git) for a in solution.attempts],
            **(chat.rows() if chat is not None else {"calls": [], "transcripts": []}),
            "was_cut": solution.was_cut,
        }

    @contextmanager
    def _opened(self, task: Task) -> Iterator[tuple[Any, socket.socket | None]]:
        """The task's workspace, and where a guest's questions arrive if the solver hosts one."""
        parts = (task.environment, task.public_test_files)
        if not isinstance(self.solver, HostsGuest):
            with self.open_workspace(*parts) as workspace:
                yield workspace, None
            return
        guest = self.solver.guest
        with open_doorway() as door, self.open_workspace(*parts, replace(guest, socket=str(door.path))) as workspace:
            door.hide()
            yield workspace, door.listener
