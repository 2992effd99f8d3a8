"""The records of a batch: what is to be done, how, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bugladder.records import BugladderError, Environment
from bugladder.records.ranges import AtLeastOne, Count, DelaySeconds


class ItemStatus(StrEnum):
    """What became of a work item: a value; its own failure; the machine's; or never started."""

    DONE = "done"
    FAILED = "failed"
    INFRA_ERROR = "infra_error"
    NOT_RUN = "not_run"


class PausedError(BugladderError):
    """Work was left over by a pause: the stage exits non-zero and the same command goes on."""


@dataclass(frozen=True)
class WorkItem:
    """One unit of work: its id in tables, its store key, whatever the work function needs, and what it will open."""

    id: str
    key: str
    payload: Any
    environment: Environment | None = None


@dataclass(frozen=True)
class AskSettings:
    """How a model is tried; none of it changes a reply.

    Args:
        tries: tries that may fail for one request, refusals for there were too many left out.
        base_delay_s: bound of the random wait after the first failure, doubled after each further one.
        max_delay_s: upper bound of one such wait; where a server says how long to wait, that is waited.
        patience_s: how long one request may be refused for there were too many.
        floor: tries at once that a server's refusals leave.
        ceiling: most tries at once; None for one a worker.
        response_cache: False asks anew for replies that are on disk, and pays for them again.
    """

    tries: AtLeastOne = 6
    base_delay_s: DelaySeconds = 1.0
    max_delay_s: DelaySeconds = 60.0
    patience_s: DelaySeconds = 1800.0
    floor: AtLeastOne = 1
    ceiling: AtLeastOne | None = None
    response_cache: bool = True

    def __post_init__(self) -> None:
        """Refuse what could never run.

        Raises:
            BugladderError: a ceiling below the floor.
        """
        if self.ceiling is not None and self.ceiling < self.floor:
            raise BugladderError(f"model.ceiling is {self.ceiling}; it should be at least the floor, {self.floor}")


@dataclass(frozen=True)
class BatchSettings:
    """How a batch is run; none of it changes a result.

    Args:
        workers: items in flight.
        retries: further tries after an infrastructure failure.
        base_delay_s: seconds before the first retry, doubled before each further one.
        max_delay_s: upper bound of one such wait.
        crashes_to_pause: infrastructure failures that outlived their retries and then pause the batch.
        model: how a model is tried.
    """

    workers: AtLeastOne = 4
    retries: Count = 2
    base_delay_s: DelaySeconds = 1.0
    max_delay_s: DelaySeconds = 60.0
    crashes_to_pause: AtLeastOne = 2
    model: AskSettings = AskSettings()


@dataclass(frozen=True)
class ItemResult:
    """What became of one item.

    Args:
        id: the item's id.
        status: see ItemStatus; value is None unless it is DONE.
        value: what the work returned, as it reads back from JSON.
        reason: why there is no value, on one line.
        error_class: the exception's class name where one was raised.
        is_input_error: the failure is a BugladderError: the input is wrong, rather than the work.
        trace: the traceback's end, for a person who looks for the cause.
        tries: how often the work was started here; 0 for a reused or unstarted item.
        seconds: wall time here, retries and waits included; None where nothing was started.
        reused: the value comes from the store.
        is_capped: NOT_RUN by a cap of its own, or since the solver declines it: running it again would go no further.
        pauses: the reason holds for every other item as well: no new work should start.
    """

    id: str
    status: ItemStatus
    value: dict[str, Any] | None = None
    reason: str = ""
    error_class: str | None = None
    is_input_error: bool = False
    trace: str = ""
    tries: int = 0
    seconds: float | None = None
    reused: bool = False
    is_capped: bool = False
    pauses: bool = False


@dataclass(frozen=True)
class BatchResult:
    """Every item's result by id, in the items' order; pause_reason is "" where the batch went through."""

    results: Mapping[str, ItemResult]
    pause_reason: str = ""

    @property
    def new(self) -> int:
        """Number of items that were run here, failures included."""
        return sum(r.tries > 0 for r in self.results.values())

    @property
    def reused(self) -> int:
        """Number of items taken from the store."""
        return sum(r.reused for r in self.results.values())

    @property
    def summary(self) -> str:
        """`new=6 reused=4`, followed by what went wrong, where anything did."""
        parts = [f"new={self.new}", f"reused={self.reused}"]
        for status in (ItemStatus.FAILED, ItemStatus.INFRA_ERROR, ItemStatus.NOT_RUN):
            count = sum(r.status is status for r in self.results.values())
            parts += [f"{status.value}={count}"] if count else []
        return " ".join(parts)

    def require_complete(self) -> None:
        """Refuse a batch that was paused, since a partial table must not be cached.

        Raises:
            PausedError: items were not run, other than by a cap of their own or since the solver declines them.
        """
        left = [r.id for r in self.results.values() if r.status is ItemStatus.NOT_RUN and not r.is_capped]
        if left:
            reason = self.pause_reason or "paused"
            raise PausedError(
                f"{reason}; {len(left)} not run (first: {left[0]}): mend it and run the same command again"
            )
