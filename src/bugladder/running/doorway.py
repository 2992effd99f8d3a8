"""The one way from a sandbox to the driver: a Unix socket whose name is gone as soon as a sandbox shows it."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import InfrastructureError

# What a kernel takes as the name of a Unix socket.
_MOST_BYTES = 107


@dataclass(frozen=True)
class Doorway:
    """A listening socket and its name; nobody but this user can reach the folder that it stands in."""

    listener: socket.socket
    path: Path

    def hide(self) -> None:
        """Take the name away: what a sandbox shows already stays, and a driver that is killed leaves nothing behind."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


@contextmanager
def open_doorway() -> Iterator[Doorway]:
    """A listening Unix socket in a folder of its own, closed and removed at the end.

    Raises:
        InfrastructureError: the folder for temporary files does not take one.
    """
    folder = Path(tempfile.mkdtemp(prefix="bugladder-door-"))
    path = folder / "model.sock"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    doorway = Doorway(listener, path)
    try:
        _listen(listener, path)
        yield doorway
    finally:
        listener.close()
        doorway.hide()


def _listen(listener: socket.socket, path: Path) -> None:
    if len(os.fsencode(path)) > _MOST_BYTES:
        raise InfrastructureError(f"{path}: too long a name for a socket; set TMPDIR to a shorter folder")
    listener.bind(str(path))
    # in the sandbox it is somebody else who knocks; outside, the folder keeps others away
    path.chmod(0o666)
    listener.listen(16)
