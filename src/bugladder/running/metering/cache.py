"""Keeps every reply under the hash of its whole request, for good: a request that was answered is never made again."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, fields
from typing import Any

from bugladder.records import to_plain
from bugladder.records.chats import Reply, Usage
from bugladder.running.metering.database import Database


@dataclass(frozen=True)
class KeptReply:
    """A reply, the seconds of the try that brought it, and the number of failed tries before."""

    reply: Reply
    latency_s: float
    retries: int


class ResponseCache:
    """The replies of a database, and who is fetching which one right now."""

    def __init__(self, database: Database) -> None:
        """Use a database's table of replies."""
        self._database = database
        self._lock = threading.Lock()
        self._flights: dict[str, Future[None]] = {}

    def find(self, request: str) -> KeptReply | None:
        """The reply to the request of that key, if it is on disk."""
        found = self._database.rows("SELECT reply, latency_s, retries FROM replies WHERE request = ?", request)
        return KeptReply(_reply_of(json.loads(found[0][0])), found[0][1], found[0][2]) if found else None

    @staticmethod
    def keep(request: str, kept: KeptReply) -> Callable[[sqlite3.Connection], None]:
        """The change that keeps a reply, to be written with the settlement of its try."""
        # escaped, since a text with lone surrogates is none for SQLite
        values = (request, json.dumps(to_plain(kept.reply)), kept.latency_s, kept.retries)

        def change(connection: sqlite3.Connection) -> None:
            # another process may have had the same request in flight; the first reply stays
            connection.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?)", values)

        return change

    def fetch(self, request: str, ask: Callable[[], KeptReply]) -> tuple[KeptReply, bool]:
        """The kept reply, or what `ask` brings and keeps; equal requests of this process are asked for once at a time.

        Returns:
            The reply, and whether this call brought it.
        """
        while True:
            with self._lock:
                flight = self._flights.get(request)
                mine: Future[None] | None = None
                if flight is None:
                    mine = self._flights[request] = Future()
            if mine is not None:
                return self._lead(request, mine, ask)
            if flight is not None:
                # whoever leads may fail for a reason of its own (its cap): then the next one does
                flight.result()

    def _lead(self, request: str, flight: Future[None], ask: Callable[[], KeptReply]) -> tuple[KeptReply, bool]:
        try:
            found = self.find(request)
            return (found, False) if found is not None else (ask(), True)
        finally:
            with self._lock:
                del self._flights[request]
            flight.set_result(None)


def _reply_of(raw: dict[str, Any]) -> Reply:
    known = {f.name for f in fields(Reply)}
    values = {name: value for name, value in raw.items() if name in known}
    usage = values.get("usage")
    return Reply(**{**values, "usage": Usage(**usage) if usage is not None else None})
