"""Divides an instance's listed tests into a public and a hidden side, by unit (DESIGN section 4)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bugladder.records.ranges import Count, ShareBetween


@dataclass(frozen=True)
class SplitSettings:
    """How the listed tests are divided.

    Args:
        public_ratio: share of units a solver may see, in (0, 1).
        protocol: "split", or "blind" (all listed units hidden: the leaderboard's protocol).
        seed: decides which units are hidden.
    """

    public_ratio: ShareBetween = 0.7
    protocol: Literal["split", "blind"] = "split"
    seed: Count = 0


@dataclass(frozen=True)
class Split:
    """Test ids by kind and side; `shown_units` are the FAIL_TO_PASS units that the 70/30 rule calls public."""

    public_fail_to_pass: tuple[str, ...]
    public_pass_to_pass: tuple[str, ...]
    hidden_fail_to_pass: tuple[str, ...]
    hidden_pass_to_pass: tuple[str, ...]
    hidden_units: tuple[str, ...]
    hidden_fail_units: tuple[str, ...]
    shown_units: tuple[str, ...]


@dataclass(frozen=True)
class ListedTests:
    """What is divided: the ids left after the controls, and each one's unit."""

    instance_id: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    units: Mapping[str, str]
    is_source: Callable[[str], bool]


def split(listed: ListedTests, settings: SplitSettings) -> Split:
    """Divide by unit; a unit with any FAIL_TO_PASS id takes all its ids to its side.

    Hidden are max(1, floor(0.3 n + 0.5)) of the n FAIL_TO_PASS units and floor(0.3 n + 0.5) of the others, those with
    the smallest sha256(seed, instance_id, unit). Units in source files stay public.
    """
    fail_units = {listed.units[i] for i in listed.fail_to_pass}
    pass_units = {listed.units[i] for i in listed.pass_to_pass} - fail_units
    hidden_share = 1.0 - settings.public_ratio
    hidden_fail = _choose(listed, fail_units, hidden_share, settings.seed, at_least=1)
    shown = tuple(sorted(fail_units - hidden_fail))
    if settings.protocol == "blind":
        hidden_fail, hidden = fail_units, fail_units | pass_units
    else:
        hidden = hidden_fail | _choose(listed, pass_units, hidden_share, settings.seed, at_least=0)
    return Split(
        public_fail_to_pass=_ids(listed, listed.fail_to_pass, hidden, inside=False),
        public_pass_to_pass=_ids(listed, listed.pass_to_pass, hidden, inside=False),
        hidden_fail_to_pass=_ids(listed, listed.fail_to_pass, hidden, inside=True),
        hidden_pass_to_pass=_ids(listed, listed.pass_to_pass, hidden, inside=True),
        hidden_units=tuple(sorted(hidden)),
        hidden_fail_units=tuple(sorted(hidden_fail)),
        shown_units=shown,
    )


def _choose(listed: ListedTests, units: set[str], share: float, seed: int, *, at_least: int) -> set[str]:
    eligible = sorted((u for u in units if not listed.is_source(u)), key=lambda u: _rank(seed, listed.instance_id, u))
    # rounding first: 1 - 0.7 is a little more than 0.3 in binary
    count = max(at_least, math.floor(round(share * len(units), 9) + 0.5)) if units else 0
    return set(eligible[:count])


def _rank(seed: int, instance_id: str, unit: str) -> str:
    return hashlib.sha256(f"{seed}\0{instance_id}\0{unit}".encode("utf-8", "surrogateescape")).hexdigest()


def _ids(listed: ListedTests, ids: Iterable[str], hidden: set[str], *, inside: bool) -> tuple[str, ...]:
    return tuple(i for i in ids if (listed.units[i] in hidden) == inside)
