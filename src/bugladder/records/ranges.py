"""Decides how a setting says which numbers it may have: in its annotation; config checks it when a setting is built."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Range:
    """The finite numbers between two ends.

    Args:
        low: the least one.
        high: the largest one.
        is_open: neither end belongs to it.
    """

    low: float = -math.inf
    high: float = math.inf
    is_open: bool = False

    def __contains__(self, value: float) -> bool:
        """Whether a number is in it; infinities and NaN never are."""
        if not math.isfinite(value):
            return False
        return self.low < value < self.high if self.is_open else self.low <= value <= self.high

    def __str__(self) -> str:
        """As in "should be above 0 and below 1"."""
        least, most = ("above", "below") if self.is_open else ("at least", "at most")
        ends = [f"{least} {self.low:g}"] if self.low > -math.inf else []
        ends += [f"{most} {self.high:g}"] if self.high < math.inf else []
        return " and ".join(ends) or "finite"


AtLeastOne = Annotated[int, Range(1)]
Count = Annotated[int, Range(0)]
Positive = Annotated[float, Range(0, is_open=True)]
Seconds = Annotated[float, Range(0, is_open=True)]
DelaySeconds = Annotated[float, Range(0)]
Usd = Annotated[float, Range(0)]
Share = Annotated[float, Range(0, 1)]
ShareBetween = Annotated[float, Range(0, 1, is_open=True)]
