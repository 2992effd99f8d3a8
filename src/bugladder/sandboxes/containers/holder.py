"""Decides how a session is held in a container: made, started and asked over one line, removed whatever happens."""

from __future__ import annotations

import atexit
import contextlib
import os
import struct
import threading
import time
from typing import Any

from docker.errors import APIError, NotFound

from bugladder.records import InfrastructureError
from bugladder.sandboxes.containers.containment import Container
from bugladder.sandboxes.containers.engine import Engine, EngineError, told
from bugladder.sandboxes.containers.failures import SESSION_DISK_FULL
from bugladder.sandboxes.containers.line import Line, LineEndedError


class StartedContainer:
    """A container with our end of its line; gone at the latest with this process."""

    def __init__(self, engine: Engine, container: Container, label: str) -> None:
        """Make and start it.

        Raises:
            EngineError: the engine does not do it; nothing is left.
        """
        self.label = label
        self.engine = engine
        self.id = ""
        self._lock = threading.Lock()
        self._line: Line | None = None
        try:
            with told(f"sandbox {label}"):
                self.id = container.create(engine.api)
                _LIVE.add(self)
                attached = engine.api.attach_socket(self.id, params=_ALL_STREAMS)
                self._line = Line(attached)
                engine.api.start(self.id)
        except BaseException:
            self.end()
            raise

    @property
    def line(self) -> Line:
        """The line to its first program.

        Raises:
            InfrastructureError: it has ended.
        """
        if self._line is None:
            raise InfrastructureError(f"sandbox {self.label} is closed; open another one")
        return self._line

    def end(self) -> None:
        """End and remove it, with its volumes; may be called twice. A failure to do so is left to the next sweep."""
        with self._lock:
            line, self._line, doomed, self.id = self._line, None, self.id, ""
        try:
            if line is not None:
                line.close()
        finally:
            if doomed:
                with contextlib.suppress(InfrastructureError):
                    _remove(self.engine, doomed, self.label)
            _LIVE.discard(self)

    def last_state(self) -> str:
        """What the engine says of its end, as the table of rules reads it; "" while it runs.

        Raises:
            EngineError: the engine is gone, or the container.
        """
        with told(f"sandbox {self.label}"):
            state = self.engine.api.inspect_container(self.id)["State"]
        if state["Running"]:
            return ""
        return f"OOMKilled={state['OOMKilled']} ExitCode={state['ExitCode']} Error={state['Error']!r}"

    def final_state(self) -> str:
        """What the engine says of its end; the line may end a moment before the engine knows of it.

        Raises:
            EngineError: the engine is gone, or the container.
        """
        for _ in range(20):
            state = self.last_state()
            if state:
                break
            time.sleep(0.05)
        return state


class ContainerHolder(StartedContainer):
    """Holds a session (session.SessionHolder): requests and answers as local's holder has them."""

    def ask(self, fields: list[bytes], timeout_s: float) -> list[bytes]:
        """Send one request and wait for its answer.

        Raises:
            InfrastructureError: the container is gone or silent, or its holder says that it failed.
        """
        deadline = time.monotonic() + timeout_s
        line = self.line
        try:
            line.send(_framed(fields), timeout_s)
            name, *answer = self._answer(line, deadline)
        except (LineEndedError, OSError) as error:
            raise self._lost(error) from error
        if name == b"failed":
            words = f"{answer[1].decode('utf-8', 'replace')} {line.words}".strip()
            self.end()
            raise self._not_set_up(words)
        return answer

    def _not_set_up(self, words: str) -> InfrastructureError:
        what = f"sandbox {self.label}: the session could not be set up"
        if "No space left on device" in words:
            return EngineError(what, words, SESSION_DISK_FULL)
        return InfrastructureError(f"{what}: {words}")

    def _answer(self, line: Line, deadline: float) -> list[bytes]:
        (count,) = struct.unpack("!I", line.take(4, deadline))
        lengths = struct.unpack(f"!{count}Q", line.take(8 * count, deadline))
        return [line.take(length, deadline) for length in lengths]

    def _lost(self, error: Exception) -> InfrastructureError:
        what = f"sandbox {self.label}: the session is lost"
        words = self._line.words if self._line else ""
        try:
            if isinstance(error, TimeoutError):
                return EngineError(what, "timed out")
            state = self.final_state()
            return EngineError(what, f"{state} {words}".strip() or "its holder has ended")
        except InfrastructureError as gone:
            return EngineError(what, str(gone), gone.rule if isinstance(gone, EngineError) else None)
        finally:
            self.end()


_ALL_STREAMS: dict[str, Any] = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
_LIVE: set[StartedContainer] = set()


@atexit.register
def _end_all() -> None:
    """What nobody closed goes with the process."""
    for started in list(_LIVE):
        started.end()


# a forked child owns none of its parent's containers
os.register_at_fork(after_in_child=_LIVE.clear)


def _remove(engine: Engine, container_id: str, label: str) -> None:
    with told(f"sandbox {label}: its container"), contextlib.suppress(NotFound):
        try:
            engine.api.remove_container(container_id, force=True, v=True)
        except APIError as error:
            # somebody else is removing it already
            if error.status_code != 409:
                raise


def _framed(fields: list[bytes]) -> bytes:
    return struct.pack(f"!I{len(fields)}Q", len(fields), *map(len, fields)) + b"".join(fields)
