"""Puts one run's meter together: a cache and a ledger on one file, a pace per model, and alerts on the budget."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import Task, canonical_json
from bugladder.records.prices import PriceTable
from bugladder.records.protocols import ChatModel
from bugladder.running.alerts import budget_alert
from bugladder.running.items import BatchSettings
from bugladder.running.metering.asking import Asker
from bugladder.running.metering.cache import ResponseCache
from bugladder.running.metering.chat import MeteredChat
from bugladder.running.metering.database import Database
from bugladder.running.metering.ledger import Ledger
from bugladder.running.metering.pacing import Pace
from bugladder.workspace import Deadline

_LOG = logging.getLogger(__name__)
_SWITCH_S = 0.0005


@dataclass(frozen=True)
class Spending:
    """What may be spent, and by whom.

    Args:
        scope: what the phase's budget belongs to: spending counts on over restarts of the same scope.
        budget_usd: the phase's cap.
        prices: the table of prices, with the cap of one instance.
    """

    scope: str
    budget_usd: float
    prices: PriceTable


class Meter:
    """The meter of one run."""

    def __init__(self, database: Database, spending: Spending, batch: BatchSettings) -> None:
        """Open the scope's ledger; the batch's workers bound the tries at once where its settings of models do not."""
        prices = spending.prices
        self.ledger = Ledger(database, spending.scope, spending.budget_usd, prices.instance_cap_usd)
        self._cache = ResponseCache(database)
        self._prices, self._settings = prices, batch.model
        self._ceiling = batch.model.ceiling or batch.workers
        self._paces: dict[str, Pace] = {}
        self._alerted: set[str] = set()
        self._lock = threading.Lock()

    def chat(self, model: ChatModel, instance_id: str, deadline: Deadline) -> MeteredChat:
        """A chat of one instance with a model."""
        asker = Asker(model, self.ledger, self._prices, self._pace_of(model), self._settings, self._alert)
        return MeteredChat(asker, self._cache, instance_id, deadline)

    def chat_maker(self, model: ChatModel) -> Callable[[Task, Deadline], MeteredChat | None]:
        """What makes each task's chat, with the model that answers for that task; None where no model was chosen."""

        def make(task: Task, deadline: Deadline) -> MeteredChat | None:
            chosen = model.for_task(task)
            return None if chosen.identity()["model"] is None else self.chat(chosen, task.instance_id, deadline)

        return make

    def _pace_of(self, model: ChatModel) -> Pace:
        key = canonical_json(model.identity())
        with self._lock:
            return self._paces.setdefault(key, Pace(self._settings.floor, self._ceiling))

    def _alert(self, spent_usd: float) -> None:
        """Say once that a level of the budget is reached."""
        alert = budget_alert(spent_usd, self.ledger.budget_usd)
        if alert is None:
            return
        level = alert.message.partition(" ")[0]
        with self._lock:
            is_new = level not in self._alerted
            self._alerted.add(level)
        if is_new:
            _LOG.warning("%s", alert.message)


@contextmanager
def open_meter(path: Path, spending: Spending, batch: BatchSettings) -> Iterator[Meter]:
    """A meter on the database at `path`, closed afterwards.

    Raises:
        BugladderError: the database cannot be used.
    """
    database = Database(path)
    # a reply's reader would otherwise wait 5 ms for each thread that is busy when it comes
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        meter = Meter(database, spending, batch)
        try:
            yield meter
        finally:
            meter.ledger.close()
    finally:
        sys.setswitchinterval(interval_s)
        database.close()
