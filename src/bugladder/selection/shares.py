"""Decides what a selection is compared by: its shares beside those of the whole dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bugladder.records import SelectionRow


@dataclass(frozen=True)
class Share:
    """One value of one property: how many have it and which part that is, among the selected and in the whole.

    Args:
        by: repository, difficulty, origin or another property.
        value: the property's value.
        selected: count among the selected.
        selected_share: the same as a part of 1 (0 where nothing is selected).
        whole: count in the dataset.
        whole_share: the same as a part of 1.
    """

    by: str
    value: str
    selected: int
    selected_share: float
    whole: int
    whole_share: float


def selection_shares(rows: Sequence[SelectionRow], selected: Iterable[str]) -> list[Share]:
    """Shares by repository, difficulty and origin, every value of the whole dataset in sorted order."""
    ids = set(selected)
    return [
        *shares_by("repository", {r.instance_id: r.repo for r in rows}, ids),
        *shares_by("difficulty", {r.instance_id: r.difficulty.value for r in rows}, ids),
        *shares_by("origin", {r.instance_id: r.origin for r in rows}, ids),
    ]


def shares_by(by: str, values: Mapping[str, str], selected: Collection[str]) -> list[Share]:
    """Shares of one property.

    Args:
        by: its name.
        values: its value by instance id, of the whole dataset.
        selected: the ids of the selection.
    """
    whole = Counter(values.values())
    part = Counter(v for i, v in values.items() if i in selected)
    return [
        Share(by, v, part[v], part[v] / max(1, part.total()), whole[v], whole[v] / whole.total()) for v in sorted(whole)
    ]
