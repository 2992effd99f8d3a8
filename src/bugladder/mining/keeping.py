"""Decides which of a package's mined entries the catalog keeps: at most five, those that split best first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bugladder.datasets.catalog import read_catalog, write_entries, write_suite
from bugladder.datasets.entries import ReleaseEntry, Suite

PER_PACKAGE = 5


def best(entries: Sequence[ReleaseEntry], at_most: int = PER_PACKAGE) -> list[ReleaseEntry]:
    """The entries to keep of one package: two or more FAIL_TO_PASS units first, then the smaller fix.

    Args:
        entries: all of one package.
        at_most: how many may stay.
    """
    ranked = sorted(entries, key=lambda e: (e.fail_to_pass_units < 2, e.change.lines, e.id))
    return sorted(ranked[:at_most], key=lambda e: e.id)


def keep(folder: Path, mined: Sequence[tuple[ReleaseEntry, Suite]]) -> list[ReleaseEntry]:
    """Lay mined entries over the catalog, write those that stay with their suites, and return them.

    A suite that no entry names any more is removed.
    """
    catalog = read_catalog(folder)
    by_id = {e.id: e for e in (*catalog.release, *(entry for entry, _ in mined))}
    kept = [
        entry
        for package in sorted({e.package for e in by_id.values()})
        for entry in best([e for e in by_id.values() if e.package == package])
    ]
    names = {e.suite for e in kept}
    for _, suite in mined:
        if suite.name in names:
            write_suite(folder, suite)
    write_entries(folder / "release.json", kept)
    for gone in {e.suite for e in catalog.release} - names - {e.suite for e in catalog.injected}:
        (folder / "suites" / f"{gone}.json").unlink(missing_ok=True)
    return sorted(kept, key=lambda e: e.id)
