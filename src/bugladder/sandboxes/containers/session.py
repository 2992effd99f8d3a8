"""An open session in a container: as local's, and what it needed is given back with it."""

from __future__ import annotations

from contextlib import ExitStack

from bugladder.sandboxes.session import HeldSession, Places, SessionHolder


class DockerSession(HeldSession):
    """A session of the sandbox `docker` (protocols.Session)."""

    def __init__(self, holder: SessionHolder, places: Places, enforcement: dict[str, str], held: ExitStack) -> None:
        """Wrap a holder that is set up; held is given back at the end, its image among it."""
        super().__init__(holder, places, enforcement)
        self._held = held

    def close(self) -> None:
        """End every process and remove everything; may be called twice."""
        super().close()
        self._held.close()
