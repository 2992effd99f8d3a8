"""The split by unit."""

import pytest

from bugladder.scoring.split import ListedTests, SplitSettings, split


def _listed(fails, passes, sources=()):
    units = {i: i.split("[")[0] for i in (*fails, *passes)}
    return ListedTests("x-1", tuple(fails), tuple(passes), units, lambda unit: unit in sources)


@pytest.mark.parametrize(("units", "hidden"), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (10, 3), (15, 5)])
def test_hidden_fail_units_are_three_tenths_rounded_and_at_least_one(units, hidden):
    """max(1, floor(0.3 n + 0.5)) of n FAIL_TO_PASS units are hidden."""
    divided = split(_listed([f"t{i}" for i in range(units)], []), SplitSettings())
    assert len(divided.hidden_fail_units) == hidden


@pytest.mark.parametrize(("units", "hidden"), [(0, 0), (1, 0), (2, 1), (10, 3)])
def test_hidden_pass_units_may_be_none(units, hidden):
    """floor(0.3 n + 0.5) of the PASS_TO_PASS units are hidden."""
    divided = split(_listed(["t"], [f"p{i}" for i in range(units)]), SplitSettings())
    assert len(divided.hidden_pass_to_pass) == hidden


def test_sides_are_a_partition_and_units_are_whole():
    """Every id is on exactly one side, and all ids of a unit are on the same."""
    fails = [f"t{i}[{j}]" for i in range(6) for j in range(3)]
    passes = [f"p{i}" for i in range(9)] + ["t0[9]"]
    divided = split(_listed(fails, passes), SplitSettings(seed=3))
    public = {*divided.public_fail_to_pass, *divided.public_pass_to_pass}
    hidden = {*divided.hidden_fail_to_pass, *divided.hidden_pass_to_pass}
    assert public.isdisjoint(hidden)
    assert public | hidden == {*fails, *passes}
    assert {i.split("[")[0] for i in public}.isdisjoint({i.split("[")[0] for i in hidden})


def test_the_seed_decides_and_a_new_unit_moves_no_other_rank():
    """Other seeds hide other units; the order of the old ones stays when one is added."""
    fails = [f"t{i}" for i in range(20)]
    chosen = {split(_listed(fails, []), SplitSettings(seed=s)).hidden_fail_units for s in range(5)}
    assert len(chosen) > 1
    fewer = set(split(_listed(fails[:-1], []), SplitSettings()).hidden_fail_units)
    more = set(split(_listed(fails, []), SplitSettings()).hidden_fail_units)
    assert len(fewer - more) <= 1


def test_units_in_source_files_stay_public():
    """A doctest's text stands in the source that the solver repairs, so it is never hidden."""
    divided = split(_listed(["d1", "d2", "t"], [], sources={"d1", "d2"}), SplitSettings())
    assert divided.hidden_fail_units == ("t",)
    assert split(_listed(["d1"], [], sources={"d1"}), SplitSettings()).hidden_fail_units == ()


def test_blind_hides_everything_but_knows_what_the_split_would_show():
    """All lists are hidden; shown_units still says what an issue text may be made from."""
    divided = split(_listed(["a", "b", "c"], ["p"]), SplitSettings(protocol="blind"))
    assert divided.public_fail_to_pass == divided.public_pass_to_pass == ()
    assert len(divided.hidden_fail_to_pass) == 3
    assert len(divided.shown_units) == 2
