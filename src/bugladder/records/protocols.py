"""The seams: what a dataset, solver, sandbox and runner must offer. Who has read this page knows the architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

from bugladder.records import (
    Command,
    CommandResult,
    Environment,
    Files,
    Guest,
    Instance,
    RunnerSpec,
    SelectionRow,
    Solution,
    Task,
    TestReport,
    TestRequest,
)
from bugladder.records.chats import Question, Reply


class Dataset(Protocol):
    """A source of instances."""

    @property
    def name(self) -> str:
        """The choice's name in conf."""
        ...

    def catalog(self) -> Sequence[SelectionRow]:
        """One light row per instance: what selection orders by. No download."""
        ...

    def load(self, instance_ids: Sequence[str]) -> list[Instance]:
        """Whole instances in the order asked for; fetches what is not cached, verified by hash."""
        ...

    def identity(self) -> dict[str, Any]:
        """What the rows are and where they came from, JSON-ready: "name", "content_sha256", "rows" and more."""
        ...

    @property
    def expected(self) -> Mapping[str, int] | None:
        """Instances by repository that the whole dataset has; None where nobody says."""
        ...


class Session(Protocol):
    """An open sandbox that holds one unpacked environment."""

    @property
    def root(self) -> str:
        """Absolute path of the repository inside."""
        ...

    @property
    def scratch(self) -> str:
        """Absolute path of a writable folder outside the repository."""
        ...

    @property
    def pythonpath(self) -> tuple[str, ...]:
        """Absolute folders that the environment itself puts on PYTHONPATH."""
        ...

    @property
    def enforcement(self) -> dict[str, str]:
        """What is enforced: isolation and network ("closed" or "open"), memory, processes, cpu, file_size, disk."""
        ...

    def run(self, command: Command) -> CommandResult:
        """Run one command; a failing command is a result, a failing sandbox an InfrastructureError."""
        ...

    def close(self) -> None:
        """End every process and remove everything; may be called twice."""
        ...


class Sandbox(Protocol):
    """Where commands run."""

    @property
    def name(self) -> str:
        """The choice's name in conf."""
        ...

    def open(self, environment: Environment, label: str, guest: Guest | None = None) -> Session:
        """Unpack the environment's source and overlay into a fresh session; a guest's things are shown read-only.

        Where isolation or network are open nothing of a guest is shown: it must not run there.

        Raises:
            InfrastructureError: the environment cannot be provided.
        """
        ...

    def digest(self, environment: Environment) -> str:
        """Digest of what `open` provides: environment, interpreter, limits that decide a result."""
        ...


@runtime_checkable
class TellsObstacles(Protocol):
    """What a sandbox has besides if it knows before it tries that an environment cannot be opened here."""

    def obstacle(self, environment: Environment) -> str:
        """Why it cannot, "" where nothing speaks against it; fetches and starts nothing."""
        ...


@runtime_checkable
class KeepsImages(Protocol):
    """What a sandbox has besides if what it opens has to be brought first, and may have to go again for others."""

    def outlook(self, environments: Sequence[Environment]) -> str:
        """What opening these would bring and take, in a line; "" where everything is there.

        Raises:
            InfrastructureError: it cannot be brought, or there is no room for it.
        """
        ...

    def stocked(self, environments: Sequence[Environment]) -> AbstractContextManager[list[int]]:
        """Know what will be opened, and bring it ahead; gives the order in which to open, as places in the list."""
        ...

    def kept(self, environment: Environment) -> AbstractContextManager[object]:
        """What is brought for an environment meanwhile stays until the end."""
        ...

    def brought(self, environment: Environment) -> AbstractContextManager[object]:
        """Bring what an environment needs, which may take long, and keep it meanwhile.

        Raises:
            InfrastructureError: it cannot be had.
        """
        ...


class Runner(Protocol):
    """A test command and the reading of its result."""

    @property
    def name(self) -> str:
        """The choice's name in conf."""
        ...

    def files(self) -> Files:
        """Files that must stand in a folder outside the repository, on PYTHONPATH, for the command to work."""
        ...

    def command(self, spec: RunnerSpec, request: TestRequest) -> Command:
        """The test command for a request; its cwd is the root, its env names the report, its input is the key."""
        ...

    def read(self, report: bytes, result: CommandResult) -> TestReport:
        """Read the unsealed report that the command wrote (empty where it wrote none, or somebody else did)."""
        ...


class Solver(Protocol):
    """Turns a task into a candidate."""

    @property
    def name(self) -> str:
        """The choice's name in conf."""
        ...

    def solve(self, task: Task, bench: Any) -> Solution:
        """Solve with what the workspace.Bench offers; anything it raises but InfrastructureError is its own failure."""
        ...


@runtime_checkable
class HandsIn(Solver, Protocol):
    """A solver that only hands in what was made elsewhere: no workspace is opened for it, and its bench is None."""

    def given(self, task: Task) -> dict[str, Any]:
        """What it takes from outside for a task, JSON-ready: with its code, all that its solution depends on.

        Raises:
            BugladderError: what it takes from is not as it should be.
        """
        ...


@runtime_checkable
class HostsGuest(Protocol):
    """What a solver has besides if it lets a foreign program work: its bench then has a listener."""

    @property
    def guest(self) -> Guest:
        """What that program needs; running adds the socket."""
        ...


class ChatModel(Protocol):
    """A chat model behind an OpenAI-compatible API, without meter or memory."""

    @property
    def name(self) -> str:
        """The choice's name in conf."""
        ...

    @property
    def max_output_tokens(self) -> int:
        """The most that one reply may hold, reasoning included: what a reservation is computed by."""
        ...

    def for_task(self, task: Task) -> ChatModel:
        """The model that answers for this task; itself unless it is a routing one."""
        ...

    def identity(self) -> dict[str, Any]:
        """What decides a reply beside the question, JSON-ready: "model", base URL, parameters; never a key."""
        ...

    def try_once(self, question: Question) -> Reply:
        """One request, one reply.

        Raises:
            TryError: this try failed, another one may not.
            BugladderError: no try can succeed (unknown model, refused key, malformed request).
        """
        ...


class Chat(Protocol):
    """What a solver asks: cached, metered and capped for one instance."""

    def ask(self, question: Question) -> Reply:
        """The reply, on disk before it is returned.

        Raises:
            BugladderError: a cap is reached or the model cannot answer; the solver lets it pass.
        """
        ...


class OpenWorkspace(Protocol):
    """Opens a fresh Workspace on an environment with files laid over it; handed down by running."""

    def __call__(
        self, environment: Environment, files: Files, guest: Guest | None = None
    ) -> AbstractContextManager[Any]:
        """The workspace, closed with its context."""
        ...
