"""Tells whether the process that made an entry still lives: it holds a lock that the system takes back at its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path

from bugladder.records import BugladderError


class Owner:
    """This opener's sign of life, a locked file below a folder that all openers share.

    A lock outlives no process, is never taken for that of a later process with the same number, and holds across
    containers that share the folder.
    """

    def __init__(self, folder: Path) -> None:
        """Make and lock a file of a new name.

        Raises:
            BugladderError: the folder cannot be written.
        """
        self.name = secrets.token_hex(8)
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path(self.name), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise BugladderError(f"{folder}: cannot be written ({error.strerror}); make it writable") from error

    def is_alive(self, name: str) -> bool:
        """Whether the opener of that name still holds its lock; the file of one that does not is removed."""
        if name == self.name:
            return True
        try:
            descriptor = os.open(self._path(name), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        self._path(name).unlink(missing_ok=True)
        return False

    def leave(self) -> None:
        """Give the sign of life up."""
        with contextlib.suppress(FileNotFoundError):
            self._path(self.name).unlink()
        os.close(self._descriptor)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"
