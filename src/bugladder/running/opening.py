"""Opens workspaces for work items: as many sandboxes at once as there are slots, each with its runner, closed here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bugladder.records import BugladderError, Command, CommandResult, Environment, Files, Guest
from bugladder.records.protocols import OpenWorkspace, Runner, Sandbox, Session
from bugladder.runners.pytest import PytestRunner
from bugladder.workspace import Workspace

# Runner names stand in environment records, which outlive a configuration, so they are resolved here.
_RUNNERS: dict[str, Runner] = {"pytest": PytestRunner()}


@dataclass
class Meter:
    """What the commands that run tested code needed: number, wall seconds and CPU seconds, summed over threads."""

    commands: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, result: CommandResult) -> None:
        """Count one command."""
        with self._lock:
            self.commands += 1
            self.wall_s += result.wall_s
            self.cpu_s += result.cpu_s

    def write(self, path: Path, elapsed_s: float, slots: int) -> None:
        """Leave the figures beside the caches, for benchmarks; they differ from run to run and are no result."""
        path.parent.mkdir(parents=True, exist_ok=True)
        figures = {"commands": self.commands, "wall_s": self.wall_s, "cpu_s": self.cpu_s}
        path.write_text(json.dumps({**figures, "elapsed_s": elapsed_s, "slots": slots}) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class _MeteredSession:
    """A session whose Python commands are counted; file traffic is our own overhead and is not."""

    session: Session
    meter: Meter

    @property
    def root(self) -> str:
        return self.session.root

    @property
    def scratch(self) -> str:
        return self.session.scratch

    @property
    def pythonpath(self) -> tuple[str, ...]:
        return self.session.pythonpath

    @property
    def enforcement(self) -> dict[str, str]:
        return self.session.enforcement

    def run(self, command: Command) -> CommandResult:
        result = self.session.run(command)
        if command.argv[0] == "python":
            self.meter.add(result)
        return result

    def close(self) -> None:
        self.session.close()


def find_runner(name: str) -> Runner:
    """The runner that an environment names.

    Raises:
        BugladderError: there is none of that name.
    """
    if name not in _RUNNERS:
        raise BugladderError(f"runner {name!r} is unknown; known: {', '.join(sorted(_RUNNERS))}")
    return _RUNNERS[name]


def workspace_opener(
    sandbox: Sandbox, timeout_s: float, slots: int = 1, label: str = "bugladder", meter: Meter | None = None
) -> OpenWorkspace:
    """A function that opens a fresh workspace on an environment, waiting for one of `slots` places.

    Args:
        sandbox: where to open.
        timeout_s: wall-clock bound of a test command.
        slots: sandboxes open at once.
        label: what this run's processes and folders are labelled with.
        meter: counts the commands that run tested code.
    """
    return partial(_open, sandbox, timeout_s, threading.BoundedSemaphore(slots), label, meter or Meter())


@contextmanager
def _open(  # noqa: PLR0913, PLR0917 - the first five are bound once per stage
    sandbox: Sandbox,
    timeout_s: float,
    places: threading.BoundedSemaphore,
    label: str,
    meter: Meter,
    environment: Environment,
    files: Files,
    guest: Guest | None = None,
) -> Iterator[Workspace]:
    runner = find_runner(environment.runner.name)
    with places:
        session = sandbox.open(environment, label, guest)
        try:
            workspace = Workspace(_MeteredSession(session, meter), runner, environment.runner, timeout_s)
            if files:
                workspace.write(files)
            yield workspace
        finally:
            session.close()
