"""Measures what the public evidence says of a patch: the same arithmetic as the public rate, from what a task shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """Public evidence of one patch, in units (a test with all its parameters is one).

    Args:
        failing: whether each public failing unit passes; only those seen to fail on the buggy code.
        own: whether all own tests pass; they are one unit however many they are. None without own tests.
        passing: whether each public passing unit still passes.
    """

    failing: Mapping[str, bool]
    own: bool | None
    passing: Mapping[str, bool]

    @property
    def score(self) -> float | None:
        """(share of failing units and the own unit that pass) x (share of passing units); None without the first."""
        shown = [*self.failing.values(), *([] if self.own is None else [self.own])]
        return _share(shown) * _share(self.passing.values()) if shown else None

    @property
    def is_complete(self) -> bool:
        """True where everything passes, and something of it failed on the buggy code: no evidence proves nothing."""
        return self.score == 1.0

    @property
    def public_passes(self) -> bool:
        """True where all public tests pass, at least one failing among them, whatever the own ones say."""
        return bool(self.failing) and all(self.failing.values()) and all(self.passing.values())

    @property
    def is_harmful(self) -> bool:
        """True where passing tests break and nothing that failed passes: worse than the buggy code."""
        return not all(self.passing.values()) and not any(self.failing.values()) and not self.own

    def is_better_than(self, other: Evidence | None) -> bool:
        """Whether this patch should be kept instead of another; an equal one should not."""
        return other is None or self.order > other.order

    @property
    def order(self) -> tuple[float, float, float]:
        """What decides which of two patches is better: the score, then failing units, then passing ones."""
        # without any failing evidence a patch is known by what it breaks
        score = -1.0 if self.score is None else self.score
        return score, _share(self.failing.values()), _share(self.passing.values())


def measure(failing: Iterable[str], passing: Iterable[str], own: Iterable[str], passed: Collection[str]) -> Evidence:
    """Evidence from test ids.

    Args:
        failing: public tests seen to fail on the buggy code.
        passing: public passing tests.
        own: own tests that reproduced the bug.
        passed: ids of all these that pass under the patch.
    """
    mine = list(own)
    return Evidence(
        failing=_units(failing, passed),
        own=all(test in passed for test in mine) if mine else None,
        passing=_units(passing, passed),
    )


def unit_of(test_id: str) -> str:
    """The test without its parameters."""
    return test_id.split("[", 1)[0]


def _units(tests: Iterable[str], passed: Collection[str]) -> dict[str, bool]:
    units: dict[str, bool] = {}
    for test in tests:
        units[unit_of(test)] = units.get(unit_of(test), True) and test in passed
    return units


def _share(values: Iterable[bool]) -> float:
    shown = list(values)
    return sum(shown) / len(shown) if shown else 1.0
