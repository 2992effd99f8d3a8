from __future__ import annotations

import dataclasses

import pytest

from bugladder.records import BugladderError
from bugladder.solvers.debugging.controller import Known, RoundLimits, decide
from bugladder.solvers.debugging.evidence import Evidence

LIMITS = RoundLimits(8, 2, 2, early_stop=True, max_tokens_total=1000, max_sent_back=2)
START = Known(0, 0, is_late=False, best=None, has_own=False, sent_back=0, stalled=0, has_doubted=False)
FAILS = Evidence({"a": False, "b": True}, own=False, passing={"c": True})
PASSES = Evidence({"a": True}, own=True, passing={"c": True})
DOUBTED = Evidence({"a": True}, own=False, passing={"c": True})
WEAK = Evidence({"a": False}, own=True, passing={})
BLIND = Evidence({}, own=None, passing={})


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        ({}, "both"),
        ({"rounds": 1, "sent_back": 1}, "both"),
        ({"rounds": 2, "sent_back": 2}, "patch"),
        ({"rounds": 1, "has_own": True}, "patch"),
        ({"rounds": 1, "has_own": True, "best": FAILS}, "patch"),
        ({"rounds": 1, "has_own": True, "best": DOUBTED}, "tests"),
        ({"rounds": 2, "has_own": True, "best": DOUBTED, "has_doubted": True}, "patch"),
        ({"rounds": 1, "has_own": True, "best": WEAK}, "patch"),
        ({"rounds": 2, "has_own": True, "best": WEAK, "stalled": 1}, "both"),
        ({"rounds": 3, "has_own": True, "best": WEAK, "stalled": 1, "sent_back": 2}, "patch"),
        ({"rounds": 3, "best": BLIND, "sent_back": 2}, "tests"),
        ({"rounds": 1, "has_own": True, "best": PASSES}, "stop"),
    ],
)
def test_where_to_go_on(changes, way):
    """What is known decides whether tests, the patch or both are asked next."""
    assert decide(dataclasses.replace(START, **changes), LIMITS).way == way


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"best": PASSES, "rounds": 8, "is_late": True}, "all public evidence passes"),
        ({"is_late": True, "rounds": 8}, "deadline"),
        ({"rounds": 8}, "iteration limit"),
        ({"rounds": 1, "tokens": 1000}, "token limit"),
        ({"rounds": 3, "best": FAILS, "stalled": 2}, "early stop: no better evidence in 2 rounds"),
    ],
)
def test_when_to_stop(changes, reason):
    """Each limit stops with its own reason, and what solved the task comes before any limit."""
    decision = decide(dataclasses.replace(START, **changes), LIMITS)
    assert (decision.way, decision.reason) == ("stop", reason)


@pytest.mark.parametrize(
    "changes", [{"rounds": 7}, {"tokens": 999, "rounds": 1}, {"rounds": 3, "best": FAILS, "stalled": 1}]
)
def test_right_before_a_limit_work_goes_on(changes):
    """One round, token or stalled round less than a limit does not stop."""
    assert decide(dataclasses.replace(START, **changes), LIMITS).way != "stop"


def test_early_stop_waits_for_min_iterations_and_can_be_off():
    """There is no early stop before `min_iterations`, and none at all where it is switched off."""
    stalled = dataclasses.replace(START, rounds=3, best=FAILS, stalled=2)
    assert decide(stalled, dataclasses.replace(LIMITS, min_iterations=4)).way == "patch"
    assert decide(stalled, dataclasses.replace(LIMITS, early_stop=False)).way == "patch"
    assert decide(stalled, dataclasses.replace(LIMITS, patience=3)).way == "patch"


@pytest.mark.parametrize("name", ["max_iterations", "patience", "min_iterations", "max_tokens_total", "max_sent_back"])
def test_limits_of_nothing_are_refused(name):
    """A limit below 1 is an error that names it."""
    with pytest.raises(BugladderError, match=f"{name} is 0"):
        dataclasses.replace(LIMITS, **{name: 0}).check()
