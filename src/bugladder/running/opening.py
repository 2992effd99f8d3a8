"""Opens workspaces for work items: as many sandboxes at once as there are slots, each with its runner, closed here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from bugladder.protocols import OpenWorkspace, Runner, Sandbox
from bugladder.records import BugladderError, Environment, Files
from bugladder.runners.pytest import PytestRunner
from bugladder.workspace import Workspace

# Runner names stand in environment records, which outlive a configuration, so they are resolved here.
_RUNNERS: dict[str, Runner] = {"pytest": PytestRunner()}


@dataclass
class Meter:
    """What the test commands needed: their number, wall seconds and CPU seconds, summed over threads."""

    commands: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, wall_s: float, cpu_s: float) -> None:
        """Count one command."""
        with self._lock:
            self.commands += 1
            self.wall_s += wall_s
            self.cpu_s += cpu_s


def find_runner(name: str) -> Runner:
    """The runner that an environment names.

    Raises:
        BugladderError: there is none of that name.
    """
    if name not in _RUNNERS:
        raise BugladderError(f"runner {name!r} is unknown; known: {', '.join(sorted(_RUNNERS))}")
    return _RUNNERS[name]


def workspace_opener(sandbox: Sandbox, timeout_s: float, slots: int = 1, label: str = "bugladder") -> OpenWorkspace:
    """A function that opens a fresh workspace on an environment, waiting for one of `slots` places.

    Args:
        sandbox: where to open.
        timeout_s: wall-clock bound of a test command.
        slots: sandboxes open at once.
        label: what this run's processes and folders are labelled with.
    """
    return partial(_open, sandbox, timeout_s, threading.BoundedSemaphore(slots), label)


@contextmanager
def _open(
    sandbox: Sandbox,
    timeout_s: float,
    places: threading.BoundedSemaphore,
    label: str,
    environment: Environment,
    files: Files,
) -> Iterator[Workspace]:
    runner = find_runner(environment.runner.name)
    with places:
        session = sandbox.open(environment, label)
        try:
            workspace = Workspace(session, runner, environment.runner, timeout_s)
            if files:
                workspace.write(files)
            yield workspace
        finally:
            session.close()
