"""What can be set of controls and grading; apart from the code that grades, so that checking it needs no sandbox."""

from __future__ import annotations

from dataclasses import dataclass

from bugladder.records.paths import PathRules
from bugladder.records.ranges import AtLeastOne, Count


@dataclass(frozen=True)
class GradingSettings:
    """Settings of controls and grading.

    Args:
        repeats: runs of each control before the split.
        max_own_tests: own tests looked at, in order.
        paths: the path rules that protect test files.
    """

    repeats: AtLeastOne = 2
    max_own_tests: Count = 5
    paths: PathRules = PathRules()  # noqa: RUF009 - frozen, so one shared default is safe
