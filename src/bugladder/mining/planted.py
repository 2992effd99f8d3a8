"""Decides which planted entries the catalog keeps: at most twenty of one package and fifteen of one operator in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bugladder.datasets.catalog import merged, read_catalog, write_entries, write_suite
from bugladder.datasets.entries import InjectedEntry, Suite

PER_PACKAGE = 20
PER_OPERATOR = 15


def within_caps(entries: Sequence[InjectedEntry]) -> list[InjectedEntry]:
    """The entries to keep, in order: no second one of a release's function and operator, none beyond a cap."""
    packages: Counter[str] = Counter()
    operators: Counter[tuple[str, str]] = Counter()
    places: set[tuple[str, ...]] = set()
    kept = []
    for entry in entries:
        operator = (entry.package, entry.operator)
        place = (entry.package, entry.release.version, entry.path, entry.function, entry.operator)
        if packages[entry.package] >= PER_PACKAGE or operators[operator] >= PER_OPERATOR or place in places:
            continue
        packages[entry.package] += 1
        operators[operator] += 1
        places.add(place)
        kept.append(entry)
    return kept


def keep_planted(folder: Path, suite: Suite, entries: Sequence[InjectedEntry]) -> list[InjectedEntry]:
    """Lay planted entries of one release over the catalog; write injected.json and the suite, return what was added.

    Entries that the catalog already holds of other releases come first under the caps; those of the same release are
    replaced, as their suite is.
    """
    old = [e for e in read_catalog(folder).injected if e.suite != suite.name]
    kept = within_caps([*old, *entries])
    added = [e for e in kept if e.suite == suite.name]
    if added:
        write_suite(folder, suite)
        write_entries(folder / "injected.json", merged([], kept))
    return added
