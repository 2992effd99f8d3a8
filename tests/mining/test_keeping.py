import pytest

from bugladder.datasets.catalog import read_catalog
from bugladder.datasets.entries import Release, ReleaseEntry, Suite
from bugladder.mining.keeping import best, keep
from bugladder.selection import SemanticChange

RELEASE = Release("1", "f", "s", "u")


@pytest.fixture
def make():
    """A maker of entries with their suites."""

    def entry(name, units, lines, package="lib"):
        change = SemanticChange(lines, 1, 1)
        made = ReleaseEntry(name, package, name, ("t::a",), units, (), change, lines, 1.0, RELEASE, RELEASE)
        return made, Suite(name, package, (), ("t",), (".",), (), (), 1.0, ("t::a",))

    return entry


def test_the_best_can_be_split_and_are_small(make):
    """Two units come before one, then the smaller fix."""
    entries = [make(n, u, c)[0] for n, u, c in (("a", 1, 1), ("b", 2, 50), ("c", 3, 5), ("d", 9, 5))]
    assert [e.id for e in best(entries, 3)] == ["b", "c", "d"]


def test_a_package_keeps_at_most_five(make, tmp_path):
    """A better entry takes the place of the worst; its suite goes, and other packages are left alone."""
    keep(tmp_path, [make("other", 1, 1, "another")])
    keep(tmp_path, [make(f"e{i}", 2, 10 + i) for i in range(5)])
    kept = keep(tmp_path, [make("new", 2, 1), make("worse", 1, 1)])
    assert [e.id for e in kept] == ["e0", "e1", "e2", "e3", "new", "other"]
    assert read_catalog(tmp_path).release == tuple(kept)
    assert sorted(p.stem for p in (tmp_path / "suites").iterdir()) == [e.id for e in kept]
