"""Remembers across runs which images we brought, what their names meant, and when we pulled: one file an engine."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bugladder.records import InfrastructureError
from bugladder.sandboxes.trees import write_whole

_EMPTY: dict[str, Any] = {"brought": {}, "prepared": {}, "identities": {}, "pulls": []}


class Ledger:
    """A JSON file; each change is one locked read and write, so that drivers may share it."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def read(self) -> dict[str, Any]:
        """What is written: "brought" and "prepared" (reference by tag), "identities" (by reference), "pulls" (times).

        Raises:
            InfrastructureError: the file cannot be read.
        """
        try:
            return {**_EMPTY, **json.loads(self._path.read_text(encoding="utf-8"))}
        except FileNotFoundError:
            return json.loads(json.dumps(_EMPTY))  # type: ignore[no-any-return]
        except (OSError, ValueError) as error:
            raise InfrastructureError(f"{self._path} cannot be read ({error}); delete it to start anew") from error

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """What is written, to be changed in place; nobody else changes it meanwhile.

        Raises:
            InfrastructureError: the file cannot be read or written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                found = self.read()
                yield found
                write_whole(self._path, json.dumps(found, indent=1, sort_keys=True).encode())
        except OSError as error:
            raise InfrastructureError(f"{self._path} cannot be written: {error.strerror}") from error
