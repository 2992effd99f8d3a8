import dataclasses
from collections import Counter

import pytest

from bugladder.selection.order import by_hash, order_key, representative, stratified, stratum


@pytest.mark.parametrize("seed", range(20))
def test_every_prefix_is_within_one_of_each_stratums_share(make_rows, seed):
    """After n instances no stratum is more than one instance away from n times its share."""
    rows = make_rows(seed)
    sizes = Counter(stratum(r) for r in rows)
    counts: Counter[tuple[str, str]] = Counter()
    for n, row in enumerate(stratified(rows, [], seed), start=1):
        counts[stratum(row)] += 1
        assert all(abs(counts[s] - n * size / len(rows)) <= 1 for s, size in sizes.items())


@pytest.mark.parametrize("order", [by_hash, stratified, representative])
def test_an_order_is_a_permutation_that_ignores_the_files_order(make_rows, order):
    """Every candidate comes exactly once, wherever it stood in the catalog."""
    rows = make_rows(1)
    ordered = order(rows, [], 7)
    assert sorted(r.instance_id for r in ordered) == sorted(r.instance_id for r in rows)
    assert order(rows[::-1], [], 7) == ordered


def test_stratified_goes_on_where_it_stopped(make_rows):
    """Taking five and then the rest gives the order of taking all at once."""
    rows = make_rows(2)
    whole = stratified(rows, [], 3)
    assert stratified(whole[5:], whole[:5], 3) == whole[5:]


@pytest.mark.parametrize("order", [by_hash, stratified])
def test_a_new_entry_reshuffles_nothing(make_rows, order):
    """Inside a stratum the old instances keep their order when one more joins."""
    rows = make_rows(3)
    new = dataclasses.replace(rows[0], instance_id="new")
    for s in {stratum(r) for r in rows}:
        old = [r for r in order(rows, [], 5) if stratum(r) == s]
        assert [r for r in order([*rows, new], [], 5) if stratum(r) == s and r != new] == old


def test_the_hash_order_depends_on_the_seed(make_rows):
    """Another seed gives another order, the same seed the same."""
    rows = make_rows(4)
    assert by_hash(rows, [], 1) == by_hash(rows, [], 1) != by_hash(rows, [], 2)
    assert order_key(1, "a") != order_key(2, "a")


def test_representative_covers_every_repository_and_level_early(make_rows):
    """The first dozen of a greedy cover hold all repositories and difficulties that the dataset has."""
    rows = make_rows(5)
    first = representative(rows, [], 5)[:12]
    assert {r.repo for r in first} == {r.repo for r in rows}
    assert {r.difficulty for r in first} == {r.difficulty for r in rows}


def test_representative_does_not_repeat_what_was_taken(make_rows):
    """What an earlier phase took counts as covered: the next one is of another repository."""
    rows = make_rows(6)
    taken = [r for r in rows if r.repo == "r0"]
    rest = [r for r in rows if r.repo != "r0"]
    assert representative(rest, taken, 1)[0].repo != "r0"
    like_taken = [dataclasses.replace(taken[0], instance_id="again"), rest[0]]
    assert representative(like_taken, taken, 1)[0] == rest[0]
