"""Shows how far a long step is: a bar with an ETA on a terminal, a bounded number of plain lines otherwise."""

from __future__ import annotations

import sys
import time
from typing import Protocol, TextIO

from tqdm import tqdm

_LINES = 10
"""At most so many plain lines, the last one included."""


class Progress(Protocol):
    """A long step's display."""

    def step(self, count: int = 1) -> None:
        """So many more units are finished."""
        ...

    def close(self) -> None:
        """The step is over; may be called twice."""
        ...


class Bar:
    """A tqdm bar, for a terminal."""

    def __init__(self, label: str, total: int, stream: TextIO) -> None:
        """Open the bar."""
        self._bar = tqdm(total=total, desc=label, file=stream, dynamic_ncols=True)

    def step(self, count: int = 1) -> None:
        """So many more units are finished."""
        self._bar.update(count)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()


class Lines:
    """Plain lines with an ETA, one for each tenth of the total (each unit where there are few)."""

    def __init__(self, label: str, total: int, stream: TextIO) -> None:
        """Print nothing until the first unit is finished."""
        self._label, self._total, self._stream = label, total, stream
        self._done = 0
        self._printed = 0
        self._started = time.monotonic()

    def step(self, count: int = 1) -> None:
        """So many more units are finished; prints a line where a further tenth is reached."""
        self._done += count
        tenth = self._done * _LINES // max(self._total, 1)
        if tenth > self._printed:
            self._printed = tenth
            print(f"{self._label}: {self._done}/{self._total}{self._eta()}", file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing is left to do."""

    def _eta(self) -> str:
        left = self._total - self._done
        elapsed_s = time.monotonic() - self._started
        return f", about {elapsed_s / self._done * left:.0f} s left" if left > 0 else f", {elapsed_s:.0f} s"


def open_progress(label: str, total: int, stream: TextIO | None = None) -> Progress:
    """A display for `total` units on standard error, or on another stream."""
    out = stream or sys.stderr
    return Bar(label, total, out) if out.isatty() else Lines(label, total, out)
