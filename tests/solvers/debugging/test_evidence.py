from __future__ import annotations

import pytest

from bugladder.solvers.debugging.evidence import measure

FAILING = ("t.py::a", "t.py::b[1]", "t.py::b[2]")
PASSING = ("t.py::c", "t.py::d")
EVERYTHING = {*FAILING, *PASSING}


def test_the_score_is_the_public_rate():
    """Share of failing units, own tests as one more, times share of passing units; parameters are one unit."""
    own = [f"own.py::t{n}" for n in range(3)]
    evidence = measure(FAILING, PASSING, own, {"t.py::a", "t.py::b[1]", "t.py::c", *own})
    assert evidence.score == pytest.approx((2 / 3) * (1 / 2))


def test_a_hundred_own_tests_weigh_as_one():
    """However many own tests pass, they add what one adds; one that fails fails them all."""
    many = [f"own.py::t{n}" for n in range(100)]
    one, hundred = (measure(FAILING, PASSING, own, {*PASSING, *many}) for own in (many[:1], many))
    assert one.score == hundred.score == pytest.approx(1 / 3)
    assert measure(FAILING, (), [*many, "own.py::last"], {*FAILING, *many}).own is False


@pytest.mark.parametrize("passing", [(), PASSING])
def test_an_empty_set_never_passes(passing):
    """Without a test that failed on the buggy code there is no score, and nothing is complete."""
    evidence = measure((), passing, (), EVERYTHING)
    assert evidence.score is None
    assert not evidence.is_complete
    assert not evidence.public_passes


def test_complete_needs_everything():
    """Evidence is complete only where every failing, own and passing test passes."""
    own = ("own.py::t",)
    assert measure(FAILING, PASSING, own, {*EVERYTHING, *own}).is_complete
    for missing in (*EVERYTHING, *own):
        assert not measure(FAILING, PASSING, own, {*EVERYTHING, *own} - {missing}).is_complete


def test_an_equal_patch_is_no_better():
    """A patch is better for more score, at equal score for breaking less, and never for being later."""
    none, some = (measure(FAILING, PASSING, (), passed) for passed in ({*PASSING}, {"t.py::a", *PASSING}))
    breaking = measure(FAILING, PASSING, (), {"t.py::c"})
    assert some.is_better_than(none)
    assert none.is_better_than(breaking)
    assert none.is_better_than(None)
    assert not none.is_better_than(none)
    assert not breaking.is_better_than(none)


def test_harmful_is_what_only_breaks():
    """A patch that breaks a passing test and repairs nothing is worse than none."""
    assert measure(FAILING, PASSING, (), {"t.py::c"}).is_harmful
    assert not measure(FAILING, PASSING, (), {"t.py::c", "t.py::a"}).is_harmful
    assert not measure(FAILING, PASSING, (), {*PASSING}).is_harmful
