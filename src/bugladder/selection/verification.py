"""Says whether a dataset is complete and what it and a selection cover: the lines that `select --verify` prints."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from bugladder.records import Difficulty, SelectionRow
from bugladder.selection.shares import Share, shares_by

# Upper ends of the bins; what lies beyond the last one is the last bin.
_TESTS = (1, 2, 5, 20)
_LINES = (2, 5, 10, 20)


def completeness(rows: Sequence[SelectionRow], expected: Mapping[str, int] | None) -> list[str]:
    """One line for the whole, then one per repository with missing or surplus instances.

    Args:
        rows: the whole dataset; ids are unique.
        expected: instances by repository; None where nobody says how many there are.
    """
    if expected is None:
        return [f"{len(rows)} instances, no duplicate; nobody says how many there should be"]
    found, total = Counter(r.repo for r in rows), sum(expected.values())
    wrong = {r: found[r] - expected.get(r, 0) for r in sorted({*found, *expected}) if found[r] != expected.get(r, 0)}
    missing = sum(-n for n in wrong.values() if n < 0)
    surplus = sum(n for n in wrong.values() if n > 0)
    head = f"{len(rows) - surplus} of {total} instances, {missing} missing, {surplus} too many, no duplicate"
    return [head, *(f"  {r}: {expected.get(r, 0) + n} of {expected.get(r, 0)}" for r, n in wrong.items())]


def coverage(rows: Sequence[SelectionRow], selected: Collection[str]) -> list[Share]:
    """Shares by repository, difficulty, FAIL_TO_PASS units and changed lines, ready for a table."""
    ids, order = set(selected), {d.value: n for n, d in enumerate(Difficulty)}
    by_difficulty = shares_by("difficulty", {r.instance_id: r.difficulty.value for r in rows}, ids)
    return [
        *shares_by("repository", {r.instance_id: r.repo for r in rows}, ids),
        *sorted(by_difficulty, key=lambda s: order[s.value]),
        *_binned("failing tests", {r.instance_id: r.fail_to_pass_units for r in rows}, _TESTS, ids),
        *_binned("changed lines", {r.instance_id: r.patch_lines for r in rows}, _LINES, ids),
    ]


def coverage_table(shares: Iterable[Share], phase: str | None) -> list[str]:
    """Aligned lines: property, value, number and share in the dataset and, where a phase is named, in its selection."""
    head = ("by", "value", "dataset", "share") + ((phase, "share") if phase else ())
    body = [
        (s.by, s.value, str(s.whole), f"{s.whole_share:.1%}")
        + ((str(s.selected), f"{s.selected_share:.1%}") if phase else ())
        for s in shares
    ]
    widths = [max(len(row[n]) for row in (head, *body)) for n in range(len(head))]
    return ["  ".join(_cell(text, n, widths[n]) for n, text in enumerate(row)).rstrip() for row in (head, *body)]


def _cell(text: str, column: int, width: int) -> str:
    return text.ljust(width) if column < 2 else text.rjust(width)


def _binned(by: str, numbers: Mapping[str, int], ends: tuple[int, ...], selected: set[str]) -> list[Share]:
    names = [_name(low + 1, high) for low, high in zip((0, *ends[:-1]), ends, strict=True)] + [
        f"{ends[-1] + 1} or more"
    ]
    shares = shares_by(by, {i: names[bisect_left(ends, n)] for i, n in numbers.items()}, selected)
    return sorted(shares, key=lambda s: names.index(s.value))


def _name(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"
