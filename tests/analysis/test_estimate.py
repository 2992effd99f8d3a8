"""What an estimate promises, on numbers computed by hand."""

import pytest
from made_up_phase import PRICES, call, candidate, phase_plan

from bugladder.analysis.estimate import QUANTITIES, Observation, Work, estimate, observations, planned
from bugladder.analysis.settings import IntervalSettings

SMALL = Observation(calls=2, tokens_in=1000, tokens_cached=0, tokens_out=100, usd=1.0, answer_s=60, command_s=120)
LARGE = Observation(calls=4, tokens_in=3000, tokens_cached=1000, tokens_out=300, usd=3.0, answer_s=180, command_s=240)
SETTINGS = IntervalSettings()


def found(observed, work, column="expected"):
    """One column of an estimate by quantity."""
    return {row["quantity"]: row[column] for row in estimate(observed, work, SETTINGS)}


def test_expected_sums_are_means_times_new_instances():
    """Means 3 calls, 2000, 500 and 200 tokens and $2, times ten new instances."""
    expected = found([SMALL, LARGE], Work(instances=10, workers=4, slots=4))
    assert [expected[q] for q in QUANTITIES[:5]] == [30, 20_000, 5000, 2000, 20]


def test_hours_are_bound_by_workers_or_by_slots():
    """1200 s of waiting and 1800 s of commands: 3000 / 4 workers, unless the commands alone take 1800 / 2 slots."""
    observed = [SMALL, LARGE]
    assert found(observed, Work(10, workers=4, slots=4))["hours"] == pytest.approx(750 / 3600, abs=1e-6)
    assert found(observed, Work(10, workers=4, slots=2))["hours"] == 0.25
    assert found(observed, Work(10, workers=1, slots=8))["hours"] == pytest.approx(3000 / 3600, abs=1e-6)


def test_intervals_hold_what_can_come():
    """One instance to come is like one of the two seen; of ten, the sum lies between ten small and ten large ones."""
    one = Work(1, 4, 4)
    assert (found([SMALL, LARGE], one, "low")["calls"], found([SMALL, LARGE], one, "high")["calls"]) == (2, 4)
    ten = Work(10, 4, 4)
    low, high = found([SMALL, LARGE] * 5, ten, "low")["usd"], found([SMALL, LARGE] * 5, ten, "high")["usd"]
    assert 10 <= low < 20 < high <= 30


def test_more_of_the_same_instances_narrow_the_interval():
    """The interval holds the uncertainty of the mean: a hundred instances seen tell more than four."""
    work = Work(50, 4, 4)
    widths = []
    for times in (2, 50):
        observed = [SMALL, LARGE] * times
        widths.append(found(observed, work, "high")["usd"] - found(observed, work, "low")["usd"])
    assert widths[1] < 0.7 * widths[0]


def test_the_seed_decides_the_interval():
    """Asked twice, the same estimate is given."""
    work = Work(10, 4, 4)
    assert estimate([SMALL, LARGE], work, SETTINGS) == estimate([SMALL, LARGE], work, SETTINGS)


def test_one_instance_gives_no_interval_and_nothing_new_costs_nothing():
    """One instance has no spread to tell; a phase that is in the store takes nothing."""
    assert set(found([SMALL], Work(10, 4, 4), "reason").values()) == {"n < 2"}
    assert set(found([SMALL, LARGE], Work(0, 4, 4)).values()) == {0.0}


def test_an_observation_counts_cached_replies_in_full():
    """Solving took 10 s, 2 of them for a reply, while a cached one took none: a new one waits 4 s and pays both."""
    calls = [call(0, 0), call(0, 1, was_cached=True, was_paid=False)]
    (observed,) = observations([candidate(0, True, seconds=10.0)], calls, PRICES)
    assert (observed.calls, observed.usd, observed.answer_s, observed.command_s) == (2, 13.0, 4.0, 8.0)


def test_a_lost_try_is_expected_again():
    """What servers lose they charge for, so that a lost try is a part of what an instance takes."""
    calls = [call(0, 0), call(0, 1, is_lost=True, model_answered="", latency_s=0.0)]
    (observed,) = observations([candidate(0, True)], calls, PRICES)
    assert (observed.calls, observed.usd) == (2, 13.0)


def test_what_was_not_solved_tells_nothing():
    """Neither a capped instance nor one lost to the infrastructure says what solving takes."""
    rows = [candidate(0, False, status="not_run", seconds=None), candidate(1, False, status="infra_error", seconds=9.0)]
    assert observations(rows, [], PRICES) == []


def test_the_plan_stands_where_nothing_was_solved():
    """p3 for 90 new instances on 16 workers: 90 x $5, 90 x 45 minutes / 16; calls are not in the plan."""
    rows = {
        r["quantity"]: r for r in planned(phase_plan("p3").expected, Work(90, 16, 2), is_free=False, asks_model=True)
    }
    assert rows["usd"]["expected"] == 450.0
    assert rows["hours"]["expected"] == pytest.approx(90 * 0.75 / 16)
    assert (rows["calls"]["expected"], rows["calls"]["reason"]) == (None, "the plan does not say")
    assert {r["low"] for r in rows.values()} == {None}


def test_an_arm_without_a_model_costs_nothing_whatever_the_plan_says():
    """No calls and no USD by computation; the hours are still the plan's."""
    rows = {r["quantity"]: r["expected"] for r in
            planned(phase_plan("p3").expected, Work(90, 16, 2), is_free=True, asks_model=False)}  # fmt: skip
    assert [rows[q] for q in QUANTITIES[:5]] == [0.0] * 5
    assert rows["hours"] > 4
