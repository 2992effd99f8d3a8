"""Opens workspaces for work items, each with its runner, and closes them; as many run at once as there are slots."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bugladder.records import BugladderError, Command, CommandResult, Environment, Files, Guest
from bugladder.records.protocols import KeepsImages, OpenWorkspace, Runner, Sandbox, Session
from bugladder.runners.django import DjangoRunner
from bugladder.runners.pytest import PytestRunner
from bugladder.runners.sympy import SympyRunner
from bugladder.workspace import Workspace

# Runner names stand in environment records, which outlive a configuration, so they are resolved here.
_RUNNERS: dict[str, Runner] = {r.name: r for r in (DjangoRunner(), PytestRunner(), SympyRunner())}


def _ignore(_seconds: float) -> None:
    """Nobody counts the time."""


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


class Places:
    """The sandboxes that may run something at once; one that only waits for a model takes no place."""

    def __init__(self, slots: int) -> None:
        """As many places as slots."""
        self._free = threading.BoundedSemaphore(slots)

    @contextmanager
    def place(self) -> Iterator[float]:
        """Wait for a place and hold it; yields the seconds that were waited."""
        waited_s = self.take()
        try:
            yield waited_s
        finally:
            self.leave()

    def take(self) -> float:
        """Wait for a place; the seconds that were waited."""
        started = time.monotonic()
        self._free.acquire()
        return time.monotonic() - started

    def leave(self) -> None:
        """Give a place back."""
        self._free.release()


@dataclass
class _PlacedSession:
    """A session whose commands each wait for a place, and whose Python commands are counted.

    File traffic is our own overhead and is not. `excuse` is told the seconds of each wait.
    """

    session: Session
    places: Places
    meter: Meter
    excuse: Callable[[float], None] = _ignore
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _is_running: bool = False
    _is_resting: bool = False

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
        self.excuse(self.places.take())
        self._is_running = True
        try:
            result = self.session.run(command)
        finally:
            with self._turn:
                self._is_running = False
                if not self._is_resting:
                    self.places.leave()
        if command.argv[0] == "python":
            self.meter.add(result)
        return result

    @contextmanager
    def rest(self) -> Iterator[None]:
        """Lend the place of a running command to others, for as long as another thread knows that it only waits."""
        with self._turn:
            lends = self._is_running and not self._is_resting
            self._is_resting = self._is_resting or lends
        if not lends:
            yield
            return
        self.places.leave()
        try:
            yield
        finally:
            self.excuse(self.places.take())
            with self._turn:
                self._is_resting = False
                if not self._is_running:
                    # the command has ended meanwhile
                    self.places.leave()

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
    """A function that opens a fresh workspace on an environment.

    Opening one and each command in it wait for one of `slots` places; how many are open is bounded by who opens them.

    Args:
        sandbox: where to open.
        timeout_s: wall-clock bound of a test command.
        slots: sandboxes that open or run a command at once.
        label: what this run's processes and folders are labelled with.
        meter: counts the commands that run tested code.
    """
    return partial(_open, sandbox, timeout_s, Places(slots), label, meter or Meter())


@contextmanager
def _open(  # noqa: PLR0913, PLR0917 - the first five are bound once per stage
    sandbox: Sandbox,
    timeout_s: float,
    places: Places,
    label: str,
    meter: Meter,
    environment: Environment,
    files: Files,
    guest: Guest | None = None,
) -> Iterator[Workspace]:
    runner = find_runner(environment.runner.name)
    # bringing an image may wait for those in use to be done with, so it holds no place meanwhile
    with sandbox.brought(environment) if isinstance(sandbox, KeepsImages) else nullcontext():
        with places.place():
            session = sandbox.open(environment, label, guest)
        try:
            workspace = Workspace(_PlacedSession(session, places, meter), runner, environment.runner, timeout_s)
            if files:
                workspace.write(files)
            yield workspace
        finally:
            session.close()
