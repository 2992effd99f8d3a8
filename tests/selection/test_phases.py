import dataclasses
from collections import Counter

import pytest

from bugladder.records import BugladderError
from bugladder.selection import PhaseSize, SelectionSettings, baseline_ids, order_key, select_phase, selection_shares

SIZES = (("baseline", 4), ("p1", 10), ("p2", 50), ("p3", 100))


def plan_to(n, strategy="stratified", ids=()):
    """The first n phases, all of one strategy."""
    return [PhaseSize(name, size, strategy, ids) for name, size in SIZES[:n]]


@pytest.mark.parametrize("strategy", ["stratified", "representative", "random"])
@pytest.mark.parametrize("seed", range(4))
def test_each_phase_begins_with_the_one_before(make_rows, strategy, seed):
    """Phases are nested, hold exactly their size and no id twice."""
    rows = make_rows(seed)
    before: list[str] = []
    for n, (_, size) in enumerate(SIZES, start=1):
        ids = select_phase(rows, plan_to(n, strategy), SelectionSettings(seed=seed))
        assert ids[: len(before)] == before
        assert len(ids) == len(set(ids)) == size
        before = ids


def test_a_phases_own_strategy_chooses_only_what_it_adds(make_rows):
    """Changing p2's strategy leaves p1's instances as they are and changes what p2 adds."""
    rows = make_rows(1)
    plan = plan_to(2)
    one = select_phase(rows, [*plan, PhaseSize("p2", 50, "random")], SelectionSettings())
    other = select_phase(rows, [*plan, PhaseSize("p2", 50, "representative")], SelectionSettings())
    assert one[:10] == other[:10] == select_phase(rows, plan, SelectionSettings())
    assert set(one) != set(other)


def test_a_phase_takes_half_of_what_it_adds_from_each_origin(make_rows):
    """While both origins last, additions are split evenly; then the longer one fills up."""
    rows = make_rows(2)
    p2, p3 = (select_phase(rows, plan_to(n), SelectionSettings()) for n in (3, 4))
    origin = {r.instance_id: r.origin for r in rows}
    assert Counter(origin[i] for i in p2) == {"release": 25, "injected": 25}
    few = [r for k, r in enumerate(rows) if r.origin == "injected" or k % 10 == 0]
    ids = select_phase(few, [PhaseSize("all", len(few))], SelectionSettings())
    assert len(ids) == len(few)
    assert p3[:50] == p2


def test_the_additions_keep_within_one_of_every_stratums_share(make_rows):
    """What p1 and p2 add from one origin is, stratum by stratum, within one of its share of that origin."""
    rows = make_rows(3, origins=("release",))
    four = baseline_ids(rows, 0, per_origin=4)
    settings = SelectionSettings(baseline_per_origin=4)
    drawn = set(select_phase(rows, plan_to(3), settings)) - set(four)
    pool = [r for r in rows if r.instance_id not in four]
    sizes = Counter((r.repo, r.difficulty) for r in pool)
    counts = Counter((r.repo, r.difficulty) for r in pool if r.instance_id in drawn)
    assert all(abs(counts[s] - len(drawn) * n / len(pool)) <= 1 for s, n in sizes.items())


def test_the_baseline_is_the_first_two_of_each_origin_that_can_be_split(make_rows):
    """The four are those with the smallest hash among instances with two FAIL_TO_PASS units."""
    rows = make_rows(4)
    ids = select_phase(rows, plan_to(1), SelectionSettings(seed=9))
    for origin in ("release", "injected"):
        able = [r.instance_id for r in rows if r.origin == origin and r.fail_to_pass_units >= 2]
        assert set(sorted(able, key=lambda i: order_key(9, i))[:2]) <= set(ids)
    assert len(ids) == 4


def test_a_baseline_by_id_stands_first(make_rows):
    """Listed baseline ids come first, in their order."""
    rows = make_rows(5)
    given = ("i7", "i3", "i90", "i1")
    assert select_phase(rows, plan_to(2), SelectionSettings(baseline_ids=given))[:4] == list(given)


def test_without_ensure_baseline_the_strategy_chooses_all(make_rows):
    """ensure_baseline off leaves all four places to the strategy."""
    rows = make_rows(6)
    ids = select_phase(rows, [PhaseSize("baseline", 4, "random")], SelectionSettings(seed=1, ensure_baseline=False))
    by_origin = [sorted((r.instance_id for r in rows if r.origin == o), key=lambda i: order_key(1, i))[:2]
                 for o in ("injected", "release")]  # fmt: skip
    assert sorted(ids) == sorted(i for group in by_origin for i in group)


def test_strategy_all_takes_the_whole_dataset(make_rows):
    """`all` does not look at the phase's size."""
    rows = make_rows(7)
    ids = select_phase(rows, [PhaseSize("p1", 10, "all")], SelectionSettings())
    assert sorted(ids) == sorted(r.instance_id for r in rows)


def test_strategy_file_takes_the_listed_ids_in_order(make_rows):
    """A list of ids is taken as it stands."""
    rows = make_rows(8)
    plan = [PhaseSize("p1", 3, "file", ("i5", "i2", "i9"))]
    assert select_phase(rows, plan, SelectionSettings(ensure_baseline=False)) == ["i5", "i2", "i9"]


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (PhaseSize("p9", 500), "p9 asks for 500 instances, the dataset has 120"),
        (PhaseSize("p1", 3, "best"), "strategy 'best' is unknown; known: stratified"),
        (PhaseSize("p1", 6, "file", ("i5", "x1")), "names 'x1', which the dataset does not have"),
        (PhaseSize("p1", 6, "file", ("i5", "i5")), "names 'i5' 2 times"),
        (PhaseSize("p1", 9, "file", ("i5", "i6")), "its list of ids has"),
    ],
)
def test_what_cannot_be_selected_is_said_in_one_line(make_rows, phase, words):
    """Too large a phase, an unknown strategy, unknown or double ids: one line that names them."""
    with pytest.raises(BugladderError, match=words) as caught:
        select_phase(make_rows(9), [phase], SelectionSettings())
    assert "\n" not in str(caught.value)


def test_a_duplicate_id_in_the_dataset_is_an_error(make_rows):
    """Two rows of one id are refused by name."""
    rows = make_rows(10)
    with pytest.raises(BugladderError, match="i3: duplicate id"):
        select_phase([*rows, dataclasses.replace(rows[3])], plan_to(1), SelectionSettings())


def test_a_phase_smaller_than_the_one_before_is_an_error(make_rows):
    """Phases only grow."""
    with pytest.raises(BugladderError, match="p1 asks for 2 instances, the phase before it holds 4"):
        select_phase(make_rows(11), [PhaseSize("baseline", 4), PhaseSize("p1", 2)], SelectionSettings())


def test_shares_stand_beside_those_of_the_whole(make_rows):
    """Each property's shares add up to one on both sides, and counts are those of the ids."""
    rows = make_rows(12)
    ids = select_phase(rows, plan_to(3), SelectionSettings())
    shares = selection_shares(rows, ids)
    for by in ("repository", "difficulty", "origin"):
        of = [s for s in shares if s.by == by]
        assert sum(s.selected for s in of) == 50
        assert sum(s.whole for s in of) == len(rows)
        assert sum(s.selected_share for s in of) == pytest.approx(1)
        assert sum(s.whole_share for s in of) == pytest.approx(1)
    assert next(s for s in shares if s.value == "release").selected == 25
