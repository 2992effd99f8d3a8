"""Keeps finished results under the sha256 of what they depend on, with one lease per key; names are never keys."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bugladder.records import BugladderError, canonical_json, sha256_text, to_plain

SCHEMA_VERSION = 1
"""Part of every key: raise it when the meaning of a stored value changes, and nothing old is found any more."""

_LOG = logging.getLogger(__name__)


class Lease:
    """The right to compute one key, held by an open lock file; the system takes it back when the process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take over a locked descriptor of the lease file at `path`."""
        self._path = path
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the lease back; may be called twice."""
        if self._descriptor is None:
            return
        # unlinked while still locked: whoever waits on this inode sees that it is gone and opens the next one
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


@dataclass(frozen=True)
class Store:
    """Results as JSON files below `root`, one per key, shared by any number of threads and processes of a machine."""

    root: Path

    @staticmethod
    def key(kind: str, parts: Mapping[str, Any]) -> str:
        """The key of a result: sha256 of canonical JSON of the schema version, the kind and the parts.

        Args:
            kind: what is computed ("control", "run", "score"); equal parts of two kinds do not meet.
            parts: everything the result depends on, JSON-ready or made of records.
        """
        return sha256_text(canonical_json({"schema": SCHEMA_VERSION, "kind": kind, "parts": to_plain(dict(parts))}))

    def get(self, key: str) -> dict[str, Any] | None:
        """The stored value, or None. A corrupt entry is set aside below `corrupt/` with a warning and counts as absent.

        Raises:
            BugladderError: the entry is there but cannot be read (permissions, a failing disk).
        """
        path = self._path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BugladderError(f"{path}: cannot be read ({error.strerror}); make the store readable") from error
        value = _decode(key, data)
        if value is None:
            self._set_aside(path)
        return value

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Write a value in one step: a temporary file, flushed to disk, then renamed. The caller holds the key's lease.

        Raises:
            BugladderError: the disk is full or not writable (nothing was changed), or the value is not JSON-ready.
        """
        path = self._path(key)
        temporary = path.with_name(f"{key}.{os.getpid()}.{threading.get_ident()}.tmp")
        data = _encode(key, value)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(temporary, data)
            temporary.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise _cannot_write(self.root, error) from error

    def try_lease(self, key: str) -> Lease | None:
        """The key's lease, or None where another thread or process holds it.

        Raises:
            BugladderError: the store cannot be written.
        """
        path = self.root / "leases" / f"{key}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _lock(path)
        except OSError as error:
            raise _cannot_write(self.root, error) from error
        if descriptor is None:
            return None
        for left in self._path(key).parent.glob(f"{key}.*.tmp"):
            # a writer that held the lease before us was killed in the middle of put
            left.unlink(missing_ok=True)
        return Lease(path, descriptor)

    @contextlib.contextmanager
    def lease(self, key: str, poll_s: float = 0.1) -> Iterator[Lease]:
        """Wait for the key's lease and hold it; look with `get` inside, since the holder before may have stored."""
        while (held := self.try_lease(key)) is None:
            time.sleep(poll_s)
        try:
            yield held
        finally:
            held.release()

    def _path(self, key: str) -> Path:
        return self.root / key[:2] / f"{key}.json"

    def _set_aside(self, path: Path) -> None:
        target = self.root / "corrupt" / f"{path.stem}.{time.time_ns()}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another driver was faster
            path.replace(target)
            _LOG.warning("%s: corrupt store entry set aside as %s; it is computed again", path, target)


def _encode(key: str, value: Mapping[str, Any]) -> bytes:
    try:
        text = canonical_json(value)
    except (TypeError, ValueError) as error:
        raise BugladderError(
            f"result {key} is not JSON-ready ({error}); return plain dicts, lists and scalars"
        ) from error
    envelope = f'{{"key":"{key}","sha256":"{sha256_text(text)}","value":{text}}}\n'
    # patches may hold undecodable bytes as lone surrogates
    return envelope.encode("utf-8", "surrogatepass")


def _decode(key: str, data: bytes) -> dict[str, Any] | None:
    try:
        envelope = json.loads(data.decode("utf-8", "surrogatepass"))
        value, digest, found = envelope["value"], envelope["sha256"], envelope["key"]
    except (ValueError, KeyError, TypeError):
        return None
    is_sound = isinstance(value, dict) and found == key and digest == sha256_text(canonical_json(value))
    return value if is_sound else None


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(path: Path) -> int | None:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        os.close(descriptor)  # released by its holder between open and lock


def _cannot_write(root: Path, error: OSError) -> BugladderError:
    cause = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} else error.strerror
    return BugladderError(
        f"{root}: the store cannot be written ({cause}); nothing is half-written; make room and run again"
    )
