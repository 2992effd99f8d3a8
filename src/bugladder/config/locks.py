"""Lets one stage at a time work on a phase: a lock that goes with its process."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from bugladder.records import BugladderError


@contextlib.contextmanager
def phase_lock(folder: Path, locks: Path = Path(".bugladder/locks")) -> Iterator[None]:
    """Hold the lock of a phase's folder (data/<phase>) while the body runs.

    Killing dvc leaves its stage alive, and the next `dvc repro` would start a second one beside it.

    Args:
        folder: data/<phase>; its name names the lock.
        locks: the folder of the lock files; relative to the project root, where stages run.

    Raises:
        BugladderError: another process holds it (names its pid), or the lock file cannot be written.
    """
    path = locks / f"{folder.name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise BugladderError(f"{path}: cannot be opened ({error.strerror}); make it writable") from error
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise BugladderError(
            f"{folder}: a stage with pid {holder} is at work on it; wait, or end it (kill {holder}) and run again"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
