from collections import Counter

from bugladder.records import Difficulty, SelectionRow
from bugladder.selection.verification import completeness, coverage, coverage_table


def row(number, repo="a/a", units=1, lines=1, difficulty=Difficulty.EASY):
    """A row of a dataset."""
    return SelectionRow(f"i{number}", repo, "lite", difficulty, units, lines, "2023")


def test_a_complete_dataset_says_so():
    """Found and expected stand side by side, in one line."""
    rows = [row(1), row(2), row(3, "b/b")]
    assert completeness(rows, {"a/a": 2, "b/b": 1}) == ["3 of 3 instances, 0 missing, 0 too many, no duplicate"]


def test_what_is_missing_or_too_many_is_told_by_repository():
    """A missing instance of one repository is not made up for by one too many of another."""
    rows = [row(1), row(2), row(3, "c/c")]
    assert completeness(rows, {"a/a": 1, "b/b": 2}) == [
        "1 of 3 instances, 2 missing, 2 too many, no duplicate",
        "  a/a: 2 of 1",
        "  b/b: 0 of 2",
        "  c/c: 1 of 0",
    ]


def test_where_nobody_says_how_many_there_should_be_none_is_missing():
    """Without expectations only what is there is told."""
    assert completeness([row(1)], None) == ["1 instances, no duplicate; nobody says how many there should be"]


def test_every_instance_is_in_one_bin_of_each_property(make_rows):
    """The counts of each property add up to the dataset's and to the selection's."""
    rows = make_rows(3, 60)
    shares = coverage(rows, {r.instance_id for r in rows[:10]})
    whole, selected = Counter(), Counter()
    for share in shares:
        whole[share.by] += share.whole
        selected[share.by] += share.selected
    assert whole == dict.fromkeys(("repository", "difficulty", "failing tests", "changed lines"), 60)
    assert set(selected.values()) == {10}


def test_bins_are_in_their_own_order():
    """Numbers and difficulties are ordered by size, not by spelling; the ends belong to the lower bin."""
    rows = [
        row(1, units=21, lines=21, difficulty=Difficulty.VERY_HARD),
        row(2, units=20, lines=20),
        row(3, units=5),
        row(4, units=3, lines=3, difficulty=Difficulty.HARD),
        row(5, units=2, difficulty=Difficulty.MEDIUM),
    ]
    found = [(s.by, s.value, s.whole) for s in coverage(rows, ())]
    assert [f[1:] for f in found if f[0] == "failing tests"] == [
        ("2", 1), ("3 to 5", 2), ("6 to 20", 1), ("21 or more", 1),
    ]  # fmt: skip
    assert [f[1:] for f in found if f[0] == "changed lines"] == [
        ("1 to 2", 2), ("3 to 5", 1), ("11 to 20", 1), ("21 or more", 1),
    ]  # fmt: skip
    assert [f[1] for f in found if f[0] == "difficulty"] == ["easy", "medium", "hard", "very_hard"]


def test_the_table_is_aligned_and_names_the_phase():
    """Without a phase the table is of the dataset alone; with one its numbers stand beside."""
    shares = coverage([row(1), row(2, "long/name")], {"i1"})
    alone, both = coverage_table(shares, None), coverage_table(shares, "p1")
    assert alone[0].split() == ["by", "value", "dataset", "share"]
    assert both[0].split() == ["by", "value", "dataset", "share", "p1", "share"]
    assert both[1].split() == ["repository", "a/a", "1", "50.0%", "1", "100.0%"]
    assert both[2].split() == ["repository", "long/name", "1", "50.0%", "0", "0.0%"]
    assert len({len(line) for line in both}) == 1
