import pytest

from bugladder.records.ranges import Range


@pytest.mark.parametrize(
    ("allowed", "says", "inside", "outside"),
    [
        (Range(1), "at least 1", [1, 7], [0, -1]),
        (Range(0, 1), "at least 0 and at most 1", [0, 0.5, 1], [-0.1, 1.1]),
        (Range(0, 1, is_open=True), "above 0 and below 1", [0.5], [0, 1]),
        (Range(0, is_open=True), "above 0", [0.001, 1e9], [0, -1]),
        (Range(high=5), "at most 5", [-9, 5], [6]),
        (Range(), "finite", [-9, 9], []),
    ],
)
def test_a_range_says_what_it_holds(allowed, says, inside, outside):
    """The words and the membership of a range agree; infinities and NaN are in none."""
    assert str(allowed) == says
    assert [n for n in inside if n not in allowed] == []
    assert [n for n in (*outside, float("inf"), float("-inf"), float("nan")) if n in allowed] == []
