"""An open session in a container: as local's, and what it writes to the machine's own disk is watched."""

from __future__ import annotations

from contextlib import ExitStack

from bugladder.records import Command, CommandResult, InfrastructureError
from bugladder.sandboxes.containers.engine import EngineError
from bugladder.sandboxes.containers.holder import ContainerHolder
from bugladder.sandboxes.containers.runtime import Runtime
from bugladder.sandboxes.session import HeldSession, Places


class DockerSession(HeldSession):
    """A session of the sandbox `docker` (protocols.Session)."""

    def __init__(
        self, holder: ContainerHolder, places: Places, enforcement: dict[str, str], runtime: Runtime, held: ExitStack
    ) -> None:
        """Wrap a holder that is set up; held is given back at the end, its image among it."""
        super().__init__(holder, places, enforcement)
        self._container = holder
        self._runtime = runtime
        self._held = held

    def watch_disk(self, limit_bytes: int, floor_bytes: int) -> None:
        """Stop a command that lets the container's own layer grow beyond a bound.

        One that fails while less than floor_bytes are free on the engine's disk, not by its doing, has no result.
        """
        self._limit_bytes, self._floor_bytes = limit_bytes, floor_bytes
        self._container.watch = self._over_disk

    _limit_bytes: int | None = None
    _floor_bytes: int = 0

    def run(self, command: Command) -> CommandResult:
        """Run one command; everything that it started ends with it.

        Raises:
            InfrastructureError: the session is closed or lost, or the machine's disk is full and not by this session.
        """
        result = super().run(command)
        if self._limit_bytes is not None and result.exit_code != 0:
            self._refuse_full_disk()
        return result

    def close(self) -> None:
        """End every process and remove everything; may be called twice."""
        super().close()
        self._held.close()

    def _over_disk(self) -> str:
        limit = self._limit_bytes or 0
        return f"over {limit >> 20} MB of disk" if self._container.written_bytes() > limit else ""

    def _refuse_full_disk(self) -> None:
        free = self._runtime.free_bytes()
        if free is not None and free < self._floor_bytes and not self._over_disk():
            self.close()
            raise self._full_disk()

    def _full_disk(self) -> InfrastructureError:
        return EngineError(f"sandbox {self._container.label}", "sandbox: the machine's disk is full")
