"""Runs one item's work with retries and decides whose failure it is; holds the project's only broad except."""

from __future__ import annotations

import errno
import time
import traceback
from collections.abc import Callable
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from bugladder.records import BugladderError, InfrastructureError
from bugladder.records.chats import CapReachedError, ModelRefusedError
from bugladder.records.declining import DeclinedError
from bugladder.running.items import BatchSettings, ItemResult, ItemStatus, WorkItem

Work = Callable[[WorkItem], dict[str, Any]]
"""Computes an item's JSON-ready result; `was_cut: True` in it marks what must not be stored."""

# A candidate's code never runs in the driver, so these tell of the driver's machine.
_MACHINE_ERRNOS = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN,
}  # fmt: skip
_REASON_CHARS = 500
_TRACE_CHARS = 4000


def is_infrastructure(error: BaseException) -> bool:
    """True where the machine failed: an InfrastructureError, a driver out of memory, disk, descriptors or processes.

    Anything unknown is False: it counts as the candidate's.
    """
    if isinstance(error, InfrastructureError | MemoryError):
        return True
    return isinstance(error, OSError) and error.errno in _MACHINE_ERRNOS


def try_item(work: Work, item: WorkItem, settings: BatchSettings) -> ItemResult:
    """Run an item's work, again after infrastructure failures, and return what became of it."""
    started = time.monotonic()
    retrying = Retrying(
        retry=retry_if_exception(is_infrastructure),
        stop=stop_after_attempt(settings.retries + 1),
        wait=wait_exponential(multiplier=settings.base_delay_s, max=settings.max_delay_s),
        reraise=True,
    )
    try:
        value = retrying(work, item)
    except (Exception, SystemExit) as error:  # noqa: BLE001 # one item's failure must not end the others
        return _failure(item, error, _tries(retrying), time.monotonic() - started)
    return ItemResult(item.id, ItemStatus.DONE, value, tries=_tries(retrying), seconds=time.monotonic() - started)


def _tries(retrying: Retrying) -> int:
    return int(retrying.statistics.get("attempt_number", 1))


def _failure(item: WorkItem, error: BaseException, tries: int, seconds: float) -> ItemResult:
    is_phase_cap = isinstance(error, CapReachedError) and error.is_phase
    return ItemResult(
        item.id,
        status := _status(error),
        reason=_one_line(error),
        error_class=type(error).__name__,
        is_input_error=isinstance(error, BugladderError)
        and not isinstance(error, InfrastructureError | CapReachedError | DeclinedError),
        trace="".join(traceback.format_exception(error))[-_TRACE_CHARS:],
        tries=tries,
        seconds=seconds,
        is_capped=status is ItemStatus.NOT_RUN and not is_phase_cap,
        pauses=is_phase_cap or isinstance(error, ModelRefusedError),
    )


def _status(error: BaseException) -> ItemStatus:
    if isinstance(error, CapReachedError | DeclinedError):
        return ItemStatus.NOT_RUN
    return ItemStatus.INFRA_ERROR if is_infrastructure(error) else ItemStatus.FAILED


def _one_line(error: BaseException) -> str:
    words = " ".join(str(error).split())
    text = words if isinstance(error, BugladderError) else f"{type(error).__name__}: {words}"
    return text[:_REASON_CHARS]
