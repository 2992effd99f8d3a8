"""Decides whether a try may be made: its worst price is held before, what it took is booked after, and caps hold."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bugladder.records.chats import CapReachedError
from bugladder.running.metering.database import Database
from bugladder.running.metering.owners import Owner
from bugladder.running.metering.requests import NANO

_POLL_S = 0.5
"""How often a wait for money that is held looks again: another process that holds it tells nobody, nor does its end."""

_WHOLE = ""
"""Stands for all instances of a scope in the totals."""


class TryOutcome(StrEnum):
    """What became of a try: under way; a reply on disk; perhaps charged without a reply; surely not charged."""

    OPEN = "open"
    ANSWERED = "answered"
    LOST = "lost"
    FREE = "free"


@dataclass(frozen=True)
class Claim:
    """A try that wants to be made.

    Args:
        instance_id: whose try it is.
        request: key of the request.
        nano_usd: its worst price in nano-dollars.
        facts: what a row of calls needs to know of it, JSON-ready.
    """

    instance_id: str
    request: str
    nano_usd: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class Booking:
    """The end of a try: its outcome, its price in nano-dollars and what a row of calls needs to know, JSON-ready."""

    outcome: TryOutcome
    nano_usd: int
    result: dict[str, Any]


@dataclass(frozen=True)
class BookedTry:
    """A try that was or may have been charged, as the ledger remembers it."""

    instance_id: str
    request: str
    outcome: TryOutcome
    nano_usd: int
    facts: dict[str, Any]
    result: dict[str, Any] | None


@dataclass(frozen=True)
class _Shortage:
    """A cap that a claim does not fit under. Amounts in nano-dollars; held is what open tries may still give back."""

    is_phase: bool
    spent: int
    held: int
    cap: int


class Ledger:
    """The money of one scope, which is what a phase's budget belongs to. It counts on over restarts.

    Opening it books the open tries of processes that have ended at their worst price: they may have been charged.
    """

    def __init__(self, database: Database, scope: str, budget_usd: float, instance_cap_usd: float | None) -> None:
        """Open a scope with its caps, in USD."""
        self.scope = scope
        self.budget_usd = budget_usd
        self._caps = [(_WHOLE, _cap(budget_usd))]
        self._instance_cap = None if instance_cap_usd is None else _cap(instance_cap_usd)
        self._database = database
        self._owner = Owner(Path(f"{database.path}.owners"))
        self._changed = threading.Condition()
        self._book_the_dead()

    @property
    def spent_usd(self) -> float:
        """USD booked in this scope so far, tries under way left out."""
        return self._totals()[0] / NANO

    @property
    def held_usd(self) -> float:
        """USD held for tries under way."""
        return self._totals()[1] / NANO

    def hold(self, claim: Claim) -> int:
        """Hold a claim's worst price and return the try's number.

        Where only what other open tries hold stands in the way, it waits until they are booked.

        Raises:
            CapReachedError: it would not fit even if they gave all of it back.
        """
        while True:
            # a kill leaves it where it is; only a power failure could undo it, for the few tries in flight
            found = self._database.write(lambda c: self._try_to_hold(c, claim), is_flushed=False)
            if isinstance(found, int):
                return found
            if found.spent + claim.nano_usd > found.cap:
                raise _cap_reached(found, claim)
            with self._changed:
                self._changed.wait(_POLL_S)
            self._book_the_dead()

    def book(self, number: int, booking: Booking, also: Callable[[sqlite3.Connection], None] | None = None) -> float:
        """End a try and return the USD that the scope has spent by then.

        No more than was held is ever booked: what is spent stays below the caps whatever a try says that it took.
        `also` is written in the same transaction, so that a reply and its price are on disk together.
        """

        def change(connection: sqlite3.Connection) -> int:
            _book(connection, number, booking)
            if also is not None:
                also(connection)
            return _total(connection, self.scope, _WHOLE)[0]

        spent = self._database.write(change)
        with self._changed:
            self._changed.notify_all()
        return spent / NANO

    def charged(self, instance_id: str | None = None) -> list[BookedTry]:
        """The tries of this scope (of one instance) that were or may have been charged, oldest first."""
        query = "SELECT instance_id, request, outcome, settled, facts, result FROM tries WHERE scope = ?"
        values = [self.scope] if instance_id is None else [self.scope, instance_id]
        if instance_id is not None:
            query += " AND instance_id = ?"
        wanted = (TryOutcome.ANSWERED.value, TryOutcome.LOST.value)
        rows = self._database.rows(f"{query} AND outcome IN (?, ?) ORDER BY id", *values, *wanted)
        return [
            BookedTry(instance, request, TryOutcome(outcome), settled, json.loads(facts), json.loads(result or "null"))
            for instance, request, outcome, settled, facts, result in rows
        ]

    def close(self) -> None:
        """Give up the sign of life; whatever is still open is booked by the next one who opens the ledger."""
        self._owner.leave()

    def _try_to_hold(self, connection: sqlite3.Connection, claim: Claim) -> int | _Shortage:
        caps = [*self._caps, *([(claim.instance_id, self._instance_cap)] if self._instance_cap is not None else [])]
        for name, cap in reversed(caps):
            spent, held = _total(connection, self.scope, name)
            if spent + held + claim.nano_usd > cap:
                return _Shortage(name == _WHOLE, spent, held, cap)
        _add(connection, self.scope, claim.instance_id, held=claim.nano_usd)
        values = (self.scope, claim.instance_id, claim.request, self._owner.name, json.dumps(claim.facts))
        done = connection.execute(
            "INSERT INTO tries (scope, instance_id, request, owner, facts, reserved, outcome) VALUES (?,?,?,?,?,?,?)",
            (*values, claim.nano_usd, TryOutcome.OPEN.value),
        )
        return int(done.lastrowid or 0)

    def _book_the_dead(self) -> None:
        owners = self._database.rows("SELECT DISTINCT owner FROM tries WHERE outcome = ?", TryOutcome.OPEN.value)
        dead = [name for (name,) in owners if not self._owner.is_alive(name)]
        if dead:
            self._database.write(lambda c: _book_all_of(c, dead))

    def _totals(self) -> tuple[int, int]:
        query = "SELECT spent, held FROM totals WHERE scope = ? AND instance_id = ?"
        spent, held = next(iter(self._database.rows(query, self.scope, _WHOLE)), (0, 0))
        return int(spent), int(held)


def _total(connection: sqlite3.Connection, scope: str, name: str) -> tuple[int, int]:
    query = "SELECT spent, held FROM totals WHERE scope = ? AND instance_id = ?"
    spent, held = connection.execute(query, (scope, name)).fetchone() or (0, 0)
    return spent, held


def _cap(usd: float) -> int:
    return int(usd * NANO)


def _book(connection: sqlite3.Connection, number: int, booking: Booking) -> None:
    found = connection.execute(
        "SELECT scope, instance_id, reserved FROM tries WHERE id = ? AND outcome = ?", (number, TryOutcome.OPEN.value)
    ).fetchone()
    if found is None:
        # booked before, by somebody who took this process for dead
        return
    scope, instance_id, reserved = found
    settled = min(booking.nano_usd, reserved)
    connection.execute(
        "UPDATE tries SET outcome = ?, settled = ?, result = ? WHERE id = ?",
        (booking.outcome.value, settled, json.dumps(booking.result), number),
    )
    _add(connection, scope, instance_id, spent=settled, held=-reserved)


def _book_all_of(connection: sqlite3.Connection, owners: Sequence[str]) -> None:
    for owner in owners:
        _book_owner(connection, owner)


def _book_owner(connection: sqlite3.Connection, owner: str) -> None:
    rows = connection.execute(
        "SELECT id, reserved FROM tries WHERE owner = ? AND outcome = ?", (owner, TryOutcome.OPEN.value)
    ).fetchall()
    for number, reserved in rows:
        _book(connection, number, Booking(TryOutcome.LOST, reserved, {"reason": "the process ended"}))


def _add(connection: sqlite3.Connection, scope: str, instance_id: str, *, spent: int = 0, held: int = 0) -> None:
    for name in (_WHOLE, instance_id):
        connection.execute(
            "INSERT INTO totals VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "spent = spent + excluded.spent, held = held + excluded.held",
            (scope, name, spent, held),
        )


def _cap_reached(found: _Shortage, claim: Claim) -> CapReachedError:
    spent, cap, next_try = found.spent / NANO, found.cap / NANO, claim.nano_usd / NANO
    whose, key = ("the phase", "phase.budget_usd") if found.is_phase else ("the instance", "prices.instance_cap_usd")
    return CapReachedError(
        f"{claim.instance_id}: {whose} has spent ${spent:.4f} of ${cap:.2f}, the next call may cost ${next_try:.4f}; "
        f"raise {key} to go on",
        is_phase=found.is_phase,
    )
