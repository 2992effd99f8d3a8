"""Decides when a worker may start a try: as many at once as a server bears, none before the time that it asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """The pace of all workers at one model.

    The number of tries at once starts at the ceiling, is halved when the server says that there are too many (once for
    all tries that were under way then), and grows by one with each full round of successes.
    """

    def __init__(self, floor: int, ceiling: int) -> None:
        """Tries at once stay between floor and ceiling."""
        self._floor, self._ceiling = floor, max(floor, ceiling)
        self._limit = float(self._ceiling)
        self._running = 0
        self._not_before = self._slowed = 0.0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """Tries that may run at once now."""
        return int(self._limit)

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Wait for a turn and hold it; yields the monotonic time of its start."""
        with self._changed:
            while (pause_s := self._pause_s()) != 0.0:
                self._changed.wait(pause_s)
            self._running += 1
        try:
            yield time.monotonic()
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def succeed(self) -> None:
        """A reply came."""
        with self._changed:
            self._limit = min(float(self._ceiling), self._limit + 1 / self._limit)
            self._changed.notify_all()

    def slow_down(self, started: float) -> None:
        """The server refused a try that started at that monotonic time, for there were too many."""
        with self._changed:
            # the others of the same wave tell nothing new
            if started >= self._slowed:
                self._slowed = time.monotonic()
                self._limit = max(float(self._floor), self._limit / 2)

    def hold_off(self, seconds: float) -> None:
        """The server asked to be left alone for so long: no try starts before."""
        with self._changed:
            self._not_before = max(self._not_before, time.monotonic() + seconds)

    def _pause_s(self) -> float | None:
        """0 where a try may start, the seconds until then where they are known, else None."""
        left_s = self._not_before - time.monotonic()
        if left_s > 0:
            return left_s
        return 0.0 if self._running < self.limit else None
