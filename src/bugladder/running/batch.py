"""The batch loop: store first, then the gate, then an executor; the number of workers decides no result."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, Protocol

from bugladder.records import BugladderError, canonical_json
from bugladder.records.protocols import Sandbox
from bugladder.running.alerts import crash_alert
from bugladder.running.items import BatchResult, BatchSettings, ItemResult, ItemStatus, WorkItem
from bugladder.running.progress import Progress, open_progress
from bugladder.running.stocking import keeping, stocked
from bugladder.running.store import Lease, Store
from bugladder.running.trying import Work, try_item

_LOG = logging.getLogger(__name__)
_POLL_S = 0.2
"""How often a key that another driver holds is looked at again."""


class Guard(Protocol):
    """What is asked before anything new runs (running.gate.Gate)."""

    def check(self, pending: Sequence[str]) -> None:
        """Raise a BugladderError with the reason where these ids may not run."""
        ...


def thread_executor(workers: int) -> Executor:
    """The default executor: threads of this process; the heavy work is in the sandboxes' processes."""
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix="bugladder")


@dataclass(frozen=True)
class BatchHooks:
    """What surrounds a batch: its label on the terminal, its gate, its display, its executor's maker, its sandbox.

    A sandbox is told what the batch will open, and may say in which order it would rather.
    """

    label: str = "batch"
    gate: Guard | None = None
    progress: Callable[[str, int], Progress] = open_progress
    make_executor: Callable[[int], Executor] = thread_executor
    sandbox: Sandbox | None = None


def run_batch(
    items: Sequence[WorkItem], work: Work, settings: BatchSettings, store: Store, hooks: BatchHooks | None = None
) -> BatchResult:
    """Fill every item from the store or by `work`, and print `new=... reused=...`.

    A value is stored before it is used, unless it says `was_cut`. Infrastructure failures are retried and then recorded
    as infra_error; anything else that `work` raises is that item's failure; a cap, or a solver that declines it, leaves
    it not_run. None of these is stored. Too many crashes, a phase's cap and a model that refuses whoever asks pause:
    running work finishes, the rest is not_run (see `BatchResult.require_complete`). An interrupt (Ctrl-C, SIGTERM)
    starts nothing new, lets running work finish and be stored, and goes on up.

    Raises:
        BugladderError: the gate is closed, an id stands twice, or the store cannot be written.
    """
    _refuse_duplicates(items)
    hooks = hooks or BatchHooks()
    results = {i.id: _reused(i, value) for i in items if (value := store.get(i.key)) is not None}
    missing = [i for i in items if i.id not in results]
    pause_reason = ""
    if missing:
        if hooks.gate is not None:
            hooks.gate.check([i.id for i in missing])
        with stocked(hooks.sandbox, missing, hooks.label) as ordered:
            fresh, pause_reason = _drive(ordered, keeping(hooks.sandbox, work), settings, store, hooks)
        results.update(fresh)
    result = BatchResult({i.id: results[i.id] for i in items}, pause_reason)
    print(f"{hooks.label}: {result.summary}", flush=True)
    return result


def _drive(
    missing: Sequence[WorkItem], work: Work, settings: BatchSettings, store: Store, hooks: BatchHooks
) -> tuple[dict[str, ItemResult], str]:
    bar = hooks.progress(hooks.label, len(missing))
    try:
        with _sigterm_interrupts(), hooks.make_executor(settings.workers) as executor:

            def start(item: WorkItem) -> Future[ItemResult]:
                return executor.submit(try_item, work, item, settings)

            loop = _Loop(missing, start, settings, store, bar)
            loop.run()
    finally:
        bar.close()
    return loop.results, loop.pause_reason


class _Loop:
    """The state of one batch; all of it is touched by the driver's own thread only."""

    def __init__(
        self,
        missing: Sequence[WorkItem],
        start: Callable[[WorkItem], Future[ItemResult]],
        settings: BatchSettings,
        store: Store,
        bar: Progress,
    ) -> None:
        self.results: dict[str, ItemResult] = {}
        self.pause_reason = ""
        self._queue = deque(missing)
        self._flying: dict[Future[ItemResult], tuple[WorkItem, Lease]] = {}
        self._start, self._settings, self._store, self._bar = start, settings, store, bar
        self._crashed: list[str] = []

    def run(self) -> None:
        """Run until every item has a result; whatever is raised meanwhile waits for the work in flight."""
        try:
            while self._flying or (self._queue and not self.pause_reason):
                if not self.pause_reason:
                    self._launch()
                self._land()
        except BaseException:
            self._drain()
            raise
        for item in self._queue:
            self.results[item.id] = ItemResult(item.id, ItemStatus.NOT_RUN, reason=self.pause_reason)

    def _launch(self) -> None:
        for _ in range(len(self._queue)):
            if len(self._flying) >= self._settings.workers:
                return
            item = self._queue.popleft()
            lease = self._store.try_lease(item.key)
            if lease is None:
                self._queue.append(item)  # another driver is at it: what is free comes first
            else:
                self._launch_leased(item, lease)

    def _launch_leased(self, item: WorkItem, lease: Lease) -> None:
        try:
            # whoever held the lease before us may have stored it
            value = self._store.get(item.key)
            if value is None:
                self._flying[self._start(item)] = (item, lease)
                return
        except BaseException:
            lease.release()
            raise
        lease.release()
        self._record(_reused(item, value))

    def _land(self) -> None:
        is_waiting_for_others = bool(self._queue) and not self.pause_reason and self._has_free_worker()
        if self._flying:
            timeout_s = _POLL_S if is_waiting_for_others else None
            done, _ = wait(self._flying, timeout_s, FIRST_COMPLETED)
            for future in done:
                self._settle(future)
        elif is_waiting_for_others:
            time.sleep(_POLL_S)

    def _has_free_worker(self) -> bool:
        return len(self._flying) < self._settings.workers

    def _settle(self, future: Future[ItemResult]) -> None:
        item, lease = self._flying[future]
        result = future.result()
        if result.status is ItemStatus.DONE:
            result = replace(result, value=_as_stored(result))
            self._keep(item.key, result)
        lease.release()
        # only now: an interrupt in the middle leaves it in flight, so that what was finished is settled once more
        del self._flying[future]
        self._record(result)

    def _keep(self, key: str, result: ItemResult) -> None:
        if result.value is not None and not result.value.get("was_cut", False):
            self._store.put(key, result.value)

    def _record(self, result: ItemResult) -> None:
        self.results[result.id] = result
        self._bar.step()
        if result.pauses and not self.pause_reason:
            self.pause_reason = result.reason
        if result.status is ItemStatus.INFRA_ERROR:
            self._crashed.append(result.id)
            alert = crash_alert(self._crashed, self._settings.crashes_to_pause)
            if alert is not None and alert.pauses:
                self.pause_reason = alert.message

    def _drain(self) -> None:
        if self._flying:
            _LOG.warning("stopping: no new work starts, %d running instances finish first", len(self._flying))
        for future in list(self._flying):
            with contextlib.suppress(BugladderError):  # what stopped us is already on its way up
                self._settle(future)
        for _, lease in self._flying.values():
            lease.release()


def _reused(item: WorkItem, value: dict[str, Any]) -> ItemResult:
    return ItemResult(item.id, ItemStatus.DONE, value, reused=True)


def _as_stored(result: ItemResult) -> dict[str, Any]:
    """The value as it would read back from the store, so that new and reused rows are equal."""
    try:
        value = json.loads(canonical_json(result.value))
    except (TypeError, ValueError) as error:
        raise BugladderError(f"{result.id}: the work's result is not JSON-ready ({error})") from error
    if not isinstance(value, dict):
        raise BugladderError(f"{result.id}: the work's result is a {type(result.value).__name__}, should be a dict")
    return value


def _refuse_duplicates(items: Sequence[WorkItem]) -> None:
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise BugladderError(f"instance id {item.id!r} stands twice in the batch; ids should be unique")
        seen.add(item.id)


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """A polite kill ends the batch as Ctrl-C does; only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
