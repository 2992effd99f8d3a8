"""Decides in which order a strategy takes instances: by hash, by stratum shares, or by what is not covered yet."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

from bugladder.records import SelectionRow

Order = Callable[[Sequence[SelectionRow], Sequence[SelectionRow], int], list[SelectionRow]]
"""(candidates, already taken, seed) -> the candidates in the order in which they are taken."""


def order_key(seed: int, instance_id: str) -> str:
    """Hex sha256 of seed and id: a place in the order that no other entry can move."""
    return hashlib.sha256(f"{seed}:{instance_id}".encode()).hexdigest()


def by_hash(candidates: Sequence[SelectionRow], taken: Sequence[SelectionRow], seed: int) -> list[SelectionRow]:
    """Strategy `random`: the candidates by `order_key`; what was taken does not matter."""
    del taken
    return sorted(candidates, key=lambda r: order_key(seed, r.instance_id))


def stratified(candidates: Sequence[SelectionRow], taken: Sequence[SelectionRow], seed: int) -> list[SelectionRow]:
    """Strategy `stratified`: repository x difficulty, every prefix within one instance of each stratum's share.

    The shares are those of candidates and taken together. Which stratum is next follows R. Tijdeman,
    "The chairman assignment problem", Discrete Mathematics 32 (1980): among the strata that lag
    behind, the one whose deadline comes first; its deviation stays below 1 - 1/(2(k - 1)).
    """
    queues: dict[tuple[str, str], list[SelectionRow]] = {}
    for row in reversed(by_hash(candidates, (), seed)):
        queues.setdefault(stratum(row), []).append(row)
    counts = Counter(stratum(r) for r in taken)
    total = len(candidates) + len(taken)
    shares = {s: Fraction(len(q) + counts[s], total) for s, q in queues.items()}
    slack = Fraction(1, max(2, 2 * len({*shares, *counts}) - 2))
    ordered: list[SelectionRow] = []
    for n in range(len(taken) + 1, total + 1):
        chosen = _next_stratum({s: (shares[s], counts[s]) for s, q in queues.items() if q}, n, slack)
        counts[chosen] += 1
        ordered.append(queues[chosen].pop())
    return ordered


def representative(candidates: Sequence[SelectionRow], taken: Sequence[SelectionRow], seed: int) -> list[SelectionRow]:
    """Strategy `representative`: a greedy cover of repository, difficulty, test count, patch size and age.

    Each step takes the candidate whose five values were seen least often (sum of 1 / (1 + times
    seen)); numbers are compared by quartile. Ties go to `order_key`.
    """
    whole = [*candidates, *taken]
    features = {r.instance_id: _features(r, whole) for r in whole}
    seen: Counter[tuple[str, str]] = Counter(f for r in taken for f in features[r.instance_id])
    left = by_hash(candidates, (), seed)
    ordered: list[SelectionRow] = []
    while left:
        gains = [sum(Fraction(1, 1 + seen[f]) for f in features[r.instance_id]) for r in left]
        best = left.pop(gains.index(max(gains)))
        seen.update(features[best.instance_id])
        ordered.append(best)
    return ordered


def stratum(row: SelectionRow) -> tuple[str, str]:
    """Repository and difficulty."""
    return row.repo, row.difficulty.value


def _next_stratum(open_strata: dict[tuple[str, str], tuple[Fraction, int]], n: int, slack: Fraction) -> tuple[str, str]:
    lagging = {s: v for s, v in open_strata.items() if v[0] * n - v[1] >= slack}
    # what another strategy took before may leave none that lags by so much; then the earliest deadline of all
    pool = lagging or open_strata
    return min(pool, key=lambda s: ((1 - slack + pool[s][1]) / pool[s][0], s))


def _features(row: SelectionRow, whole: Sequence[SelectionRow]) -> tuple[tuple[str, str], ...]:
    return (
        ("repository", row.repo),
        ("difficulty", row.difficulty.value),
        ("tests", str(_quartile(row.fail_to_pass_units, [r.fail_to_pass_units for r in whole]))),
        ("patch", str(_quartile(row.patch_lines, [r.patch_lines for r in whole]))),
        ("age", str(_quartile(row.created_at, [r.created_at for r in whole]))),
    )


def _quartile(value: int | str, whole: Sequence[int] | Sequence[str]) -> int:
    place = bisect_right(sorted(whole), value)
    return min(3, (place - 1) * 4 // len(whole))
