"""Decides which instances a phase holds: those of the phase before and what its own strategy adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from bugladder.records import BugladderError, SelectionRow
from bugladder.records.ranges import Count
from bugladder.selection.order import Order, by_hash, representative, stratified

_ORDERS: dict[str, Order] = {"stratified": stratified, "representative": representative, "random": by_hash}
STRATEGIES = (*_ORDERS, "all", "file")


@dataclass(frozen=True)
class PhaseSize:
    """One rung of the plan.

    Args:
        name: the phase.
        size: instances that it holds in all; with strategy `all` it does not matter.
        strategy: one of STRATEGIES; it chooses only what the phase adds.
        ids: for strategy `file`, the listed ids in order.
    """

    name: str
    size: int
    strategy: str = "stratified"
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class SelectionSettings:
    """What holds for every phase.

    Args:
        seed: seed of the order.
        ensure_baseline: True where the baseline's instances stand first in every phase.
        baseline_ids: the baseline by id; empty for the first two of each origin with two FAIL_TO_PASS units.
        baseline_per_origin: how many of each origin where no ids are given.
    """

    seed: Count = 0
    ensure_baseline: bool = True
    baseline_ids: tuple[str, ...] = ()
    baseline_per_origin: Count = 2


def select_phase(rows: Sequence[SelectionRow], plan: Sequence[PhaseSize], settings: SelectionSettings) -> list[str]:
    """The ids of the plan's last phase, those of earlier phases first.

    Args:
        rows: the whole dataset.
        plan: the phases up to and including the one asked for, smallest first.
        settings: seed and baseline.

    Raises:
        BugladderError: a duplicate id in the dataset or a list, an unknown id or strategy, a phase
            larger than the dataset or than its list, or smaller than the one before.
    """
    by_id = _by_id(rows)
    baseline = _baseline(rows, settings) if settings.ensure_baseline else []
    chosen: list[SelectionRow] = []
    for index, phase in enumerate(plan):
        size = _size(phase, by_id, chosen)
        if index == 0:
            chosen = [by_id[i] for i in baseline[:size]]
        chosen += _additions(phase, size - len(chosen), by_id, (chosen, set(baseline)), settings.seed)
    return [r.instance_id for r in chosen]


def baseline_ids(rows: Sequence[SelectionRow], seed: int, per_origin: int = 2) -> list[str]:
    """The first of each origin by hash that have two FAIL_TO_PASS units, so that each side of the split holds one."""
    by_origin = [
        [r.instance_id for r in by_hash(rows, (), seed) if r.origin == origin and r.fail_to_pass_units >= 2][
            :per_origin
        ]
        for origin in sorted({r.origin for r in rows})
    ]
    return [i for group in by_origin for i in group]


def _baseline(rows: Sequence[SelectionRow], settings: SelectionSettings) -> list[str]:
    if not settings.baseline_ids:
        return baseline_ids(rows, settings.seed, settings.baseline_per_origin)
    _check_ids(settings.baseline_ids, {r.instance_id for r in rows}, "the baseline")
    return list(settings.baseline_ids)


def _by_id(rows: Sequence[SelectionRow]) -> dict[str, SelectionRow]:
    by_id: dict[str, SelectionRow] = {}
    for row in rows:
        if row.instance_id in by_id:
            raise BugladderError(f"{row.instance_id}: duplicate id in the dataset; each instance needs its own")
        by_id[row.instance_id] = row
    return by_id


def _size(phase: PhaseSize, by_id: dict[str, SelectionRow], chosen: list[SelectionRow]) -> int:
    if phase.strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise BugladderError(f"phase {phase.name}: strategy {phase.strategy!r} is unknown; known: {known}")
    size = len(by_id) if phase.strategy == "all" else phase.size
    if size > len(by_id):
        raise BugladderError(f"phase {phase.name} asks for {size} instances, the dataset has {len(by_id)}")
    if size < len(chosen):
        raise BugladderError(
            f"phase {phase.name} asks for {size} instances, the phase before it holds {len(chosen)}; phases only grow"
        )
    return size


def _additions(
    phase: PhaseSize,
    count: int,
    by_id: dict[str, SelectionRow],
    before: tuple[list[SelectionRow], set[str]],
    seed: int,
) -> list[SelectionRow]:
    chosen, baseline = before
    have = {r.instance_id for r in chosen}
    if phase.strategy == "file":
        return _listed(phase, count, by_id, have)
    order = _ORDERS.get(phase.strategy, by_hash)
    candidates = [r for r in by_id.values() if r.instance_id not in have]
    # the baseline's few are given, not drawn: they count for no stratum's share
    drawn = [r for r in chosen if r.instance_id not in baseline]
    quotas = _quotas(candidates, chosen, count)
    parts = [
        order([r for r in candidates if r.origin == o], [r for r in drawn if r.origin == o], seed)[:n]
        for o, n in quotas.items()
    ]
    return [r for together in zip_longest(*parts) for r in together if r is not None]


def _listed(phase: PhaseSize, count: int, by_id: dict[str, SelectionRow], have: set[str]) -> list[SelectionRow]:
    _check_ids(phase.ids, set(by_id), f"the list of phase {phase.name}")
    new = [by_id[i] for i in phase.ids if i not in have]
    if count > len(new):
        raise BugladderError(
            f"phase {phase.name} needs {count} more instances, its list of ids has {len(new)} new ones"
        )
    return new[:count]


def _check_ids(ids: Sequence[str], known: set[str], where: str) -> None:
    for instance_id, times in Counter(ids).items():
        if instance_id not in known:
            raise BugladderError(f"{where} names {instance_id!r}, which the dataset does not have")
        if times > 1:
            raise BugladderError(f"{where} names {instance_id!r} {times} times; once is right")


def _quotas(candidates: Sequence[SelectionRow], chosen: Sequence[SelectionRow], count: int) -> dict[str, int]:
    """Equal parts of what is added while all origins last; an odd one goes to the origin with fewer so far."""
    left = Counter(r.origin for r in candidates)
    have = Counter(r.origin for r in chosen)
    quotas: Counter[str] = Counter()
    for _ in range(count):
        open_origins = [o for o in left if quotas[o] < left[o]]
        quotas[min(open_origins, key=lambda o: (quotas[o], have[o], o))] += 1
    return {o: quotas[o] for o in sorted(quotas)}
