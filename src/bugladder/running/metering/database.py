"""One SQLite file for all threads and processes; what is written outlives its process, and writers commit together."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from bugladder.records import BugladderError, InfrastructureError

T = TypeVar("T")

_VERSION = 1
_BUSY_S = 60.0
"""How long another process may hold the file."""
_TABLES = """
CREATE TABLE IF NOT EXISTS replies (
    request TEXT PRIMARY KEY, reply TEXT NOT NULL, latency_s REAL NOT NULL, retries INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tries (
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, instance_id TEXT NOT NULL, request TEXT NOT NULL,
    owner TEXT NOT NULL, facts TEXT NOT NULL, reserved INTEGER NOT NULL,
    outcome TEXT NOT NULL, settled INTEGER, result TEXT
);
CREATE INDEX IF NOT EXISTS tries_of_instance ON tries (scope, instance_id);
CREATE INDEX IF NOT EXISTS open_tries ON tries (owner) WHERE outcome = 'open';
CREATE TABLE IF NOT EXISTS totals (
    scope TEXT NOT NULL, instance_id TEXT NOT NULL, spent INTEGER NOT NULL, held INTEGER NOT NULL,
    PRIMARY KEY (scope, instance_id)
) WITHOUT ROWID;
"""


class _Order(Generic[T]):
    """A change that waits for its transaction, then holds what came of it."""

    def __init__(self, change: Callable[[sqlite3.Connection], T], *, is_flushed: bool) -> None:
        self.change, self.is_flushed = change, is_flushed
        self.results: list[T] = []
        self.error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return bool(self.results) or self.error is not None


class Database:
    """The replies, tries and totals of the meter, in WAL mode."""

    def __init__(self, path: Path) -> None:
        """Open the file, made where it is absent.

        Raises:
            BugladderError: it is no database of this version, or cannot be written.
        """
        self.path = path
        self._writing, self._reading, self._queueing = threading.Lock(), threading.Lock(), threading.Lock()
        self._queue: list[_Order[Any]] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer, self._reader = self._connect(), self._connect()
        except (OSError, sqlite3.Error) as error:
            raise BugladderError(
                f"{path}: cannot be used ({error}); make it writable, or move it away: replies are then asked "
                "for again, and what caps counted so far is forgotten"
            ) from error

    def write(self, change: Callable[[sqlite3.Connection], T], *, is_flushed: bool = True) -> T:
        """Run a change inside a transaction and return its result once that is committed.

        All that wait while one transaction is written share the next: a disk flushes some hundred times a second, and
        many workers have two changes a call.

        Args:
            change: what to do on the connection.
            is_flushed: wait for the disk, so that a power failure does not undo it either; without it a change
                outlives its process and is flushed with the next one that is.

        Raises:
            InfrastructureError: the disk is full, or the file was busy for too long; nothing of the change is kept.
        """
        order = _Order(change, is_flushed=is_flushed)
        with self._queueing:
            self._queue.append(order)
        with self._writing:
            if not order.is_done:
                self._commit()
        if isinstance(order.error, sqlite3.Error):
            raise InfrastructureError(f"{self.path}: cannot be written ({order.error})") from order.error
        if order.error is not None:
            raise order.error
        return order.results[0]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query, as committed so far.

        Raises:
            InfrastructureError: the file cannot be read.
        """
        try:
            with self._reading:
                return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise InfrastructureError(f"{self.path}: cannot be read ({error})") from error

    def close(self) -> None:
        """Close the file; every write has returned before."""
        self._reader.close()
        self._writer.close()

    def _commit(self) -> None:
        with self._queueing:
            orders, self._queue = self._queue, []
        try:
            level = "FULL" if any(order.is_flushed for order in orders) else "NORMAL"
            self._writer.execute(f"PRAGMA synchronous = {level}")
            self._writer.execute("BEGIN IMMEDIATE")
            found = [order.change(self._writer) for order in orders]
            self._writer.execute("COMMIT")
        except BaseException as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            for order in orders:
                order.error = error
            if not isinstance(error, sqlite3.Error):
                raise
        else:
            for order, result in zip(orders, found, strict=True):
                order.results.append(result)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in {0, _VERSION}:
            raise sqlite3.DatabaseError(f"it has version {version}, should be {_VERSION}")
        connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
        return connection
