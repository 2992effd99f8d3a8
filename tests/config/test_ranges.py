from dataclasses import dataclass, field

import pytest

from bugladder.config import build
from bugladder.records import BugladderError
from bugladder.records.ranges import AtLeastOne, Count, Seconds, Share


@dataclass(frozen=True)
class Part:
    """Settings inside of others."""

    share: Share = 0.5


@dataclass(frozen=True)
class Whole:
    """Every place where a number may stand."""

    workers: AtLeastOne = 1
    timeout_s: Seconds | None = None
    bins: tuple[Count, ...] | None = None
    pair: tuple[Count, Share] = (1, 1.0)
    pins: dict[str, Share] = field(default_factory=dict)
    part: Part = field(default_factory=Part)
    parts: tuple[Part, ...] = ()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"workers": 0}, "x.workers: should be at least 1 (got 0)"),
        ({"timeout_s": 0}, "x.timeout_s: should be above 0 (got 0.0)"),
        ({"timeout_s": float("inf")}, "x.timeout_s: should be above 0 (got inf)"),
        ({"timeout_s": float("nan")}, "x.timeout_s: should be above 0 (got nan)"),
        ({"bins": [1, 2, -3]}, "x.bins.2: should be at least 0 (got -3)"),
        ({"pair": [-1, 0.5]}, "x.pair.0: should be at least 0 (got -1)"),
        ({"pair": [5, 1.5]}, "x.pair.1: should be at least 0 and at most 1 (got 1.5)"),
        ({"pins": {"a": 0.5, "b": 2}}, "x.pins.b: should be at least 0 and at most 1 (got 2.0)"),
        ({"part": {"share": -1}}, "x.part.share: should be at least 0 and at most 1 (got -1.0)"),
        ({"parts": [{"share": 1}, {"share": 3}]}, "x.parts.1.share: should be at least 0 and at most 1 (got 3.0)"),
    ],
)
def test_a_number_out_of_its_range_is_refused(values, message):
    """Wherever a number stands, its key, its range and what was given are said."""
    with pytest.raises(BugladderError) as refusal:
        build(values, Whole, "x")
    assert str(refusal.value) == message


def test_the_ends_of_a_closed_range_belong_to_it():
    """What stands at an end of its range, and null where that is allowed, is built as it is."""
    values = {"workers": 1, "timeout_s": None, "bins": [0], "pair": [0, 1], "pins": {"a": 0, "b": 1}}
    assert build(values, Whole, "x") == Whole(1, None, (0,), (0, 1.0), {"a": 0.0, "b": 1.0})
