from pathlib import Path

import pytest

from bugladder.datasets.catalog import read_catalog
from bugladder.datasets.injection import OPERATORS
from bugladder.datasets.pypi import PypiDataset

PROJECT = Path(__file__).resolve().parents[3]
CATALOG = PROJECT / "data" / "pypi"


def test_the_catalog_names_operators_that_there_are_and_keeps_its_caps():
    """Every planted entry names a known operator, and no package has too many of all or of one operator."""
    entries = read_catalog(CATALOG).injected
    assert entries
    assert {e.operator for e in entries} <= {o.name for o in OPERATORS}
    for package in {e.package for e in entries}:
        mine = [e.operator for e in entries if e.package == package]
        assert len(mine) <= 20
        assert max(mine.count(o) for o in mine) <= 15
    assert all(e.fail_to_pass_units >= 2 for e in entries)
    places = [(e.suite, e.path, e.function, e.operator) for e in entries]
    assert len(set(places)) == len(places)


@pytest.mark.slow
@pytest.mark.network
def test_every_planted_entry_replays():
    """Each entry's operator still yields the file whose hash the catalog holds, and its reference undoes one file."""
    dataset = PypiDataset(catalog_folder=str(CATALOG), cache=str(PROJECT / ".bugladder"), origins=("injected",))
    instances = dataset.load([row.instance_id for row in dataset.catalog()])
    assert instances
    for instance in instances:
        (path,) = instance.environment.overlay
        assert instance.reference_patch.count("diff --git ") == 1
        assert f"a/{path}" in instance.reference_patch
        assert not instance.test_patch
