import pytest
from tiny_releases import AFTER, BEFORE, PINS, seed

from bugladder.datasets.pypi import PypiDataset
from bugladder.mining.commands import Mine
from bugladder.mining.keeping import keep
from bugladder.mining.recipes import Recipe
from bugladder.mining.release import Miner, Pair, mine_pair
from bugladder.records import BugladderError
from bugladder.sources import ReleasedSdist


@pytest.fixture
def work(tiny_world, tmp_path):
    """A mine whose catalog holds the tiny pair as it was really mined."""
    dataset = PypiDataset(catalog_folder=str(tmp_path / "catalog"), cache=str(tiny_world.cache))
    first, second = seed(tiny_world.cache, "1.0", BEFORE), seed(tiny_world.cache, "1.1", AFTER)
    pair = Pair("demo", ReleasedSdist("1.0", *first, "2024"), ReleasedSdist("1.1", *second, "2024"))
    miner = Miner(tiny_world.open_workspace, tiny_world.cache / "sdists", resolve=lambda _package, _wanted: PINS)
    keep(tmp_path / "catalog", [mine_pair(pair, Recipe(), miner)])
    return Mine(dataset, tiny_world.open_workspace)


def test_a_mined_entry_holds_and_a_false_one_is_named(work):
    """Re-checking builds the instance anew: a true entry holds, a false one makes an error at the end."""
    lines = list(work.validate([]))
    assert lines[0].startswith("demo-1.0-1.1: holds (")
    assert lines[-1] == "all 1 entries hold"
    path = work.folder / "release.json"
    path.write_text(path.read_text().replace("test_odd[1]", "test_even"))
    said = []
    with pytest.raises(BugladderError, match=r"1 of 1 entries no longer hold, first demo-1\.0-1\.1"):
        said.extend(work.validate(["demo-1.0-1.1"]))


def test_what_no_longer_holds_is_told_apart(work):
    """Ids that stopped failing, stopped passing and newly fail are counted and named."""
    path = work.folder / "release.json"
    path.write_text(path.read_text().replace("test_odd[1]", "test_even"))
    lines = work.validate([])
    line = next(lines)
    assert "1 no longer fail to pass: tests/test_demo.py::test_even" in line
    assert "1 no longer pass in both: tests/test_demo.py::test_odd[1]" in line
    assert "1 fail to pass and are not listed: tests/test_demo.py::test_odd[1]" in line
