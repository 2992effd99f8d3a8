"""Decides after each round where to go on (tests, patch, both) and when to stop: pure functions of what is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bugladder.records import BugladderError
from bugladder.solvers.debugging.evidence import Evidence

Way = Literal["both", "tests", "patch", "stop"]


@dataclass(frozen=True)
class RoundLimits:
    """When rounds end.

    Args:
        max_iterations: rounds, those that gates and sent-back tests use up included.
        patience: rounds without better evidence before an early stop.
        min_iterations: rounds before which there is no early stop.
        early_stop: whether there is one at all.
        max_tokens_total: tokens, in and out, after which no question is asked; None for no limit.
        max_sent_back: times in a row that tests may fail to reproduce the bug before work goes on without them.
    """

    max_iterations: int
    patience: int
    min_iterations: int
    early_stop: bool
    max_tokens_total: int | None
    max_sent_back: int

    def check(self) -> None:
        """Refuse what could never run.

        Raises:
            BugladderError: a count below 1.
        """
        for name in ("max_iterations", "patience", "min_iterations", "max_tokens_total", "max_sent_back"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BugladderError(f"{name} is {value}; it should be at least 1")


@dataclass(frozen=True)
class Known:
    """What is known after a round.

    Args:
        rounds: rounds used.
        tokens: tokens used, in and out.
        is_late: the deadline is over.
        best: evidence of the kept patch; None where no patch was verified.
        has_own: own tests reproduce the bug.
        sent_back: times in a row that tests came back without reproducing it.
        stalled: rounds since the evidence last got better; 0 while there is none.
        has_doubted: the present own tests were asked again because a patch passes all other evidence but them.
    """

    rounds: int
    tokens: int
    is_late: bool
    best: Evidence | None
    has_own: bool
    sent_back: int
    stalled: int
    has_doubted: bool


@dataclass(frozen=True)
class Decision:
    """Where to go on, and why, in words for the attempts."""

    way: Way
    reason: str


def decide(known: Known, limits: RoundLimits) -> Decision:
    """The next round's work, or a stop."""
    stop = stop_reason(known, limits)
    if stop:
        return Decision("stop", stop)
    has_given_up = known.sent_back >= limits.max_sent_back
    if known.best is None:
        return _without_patch(known, has_given_up=has_given_up)
    return _with_patch(known, known.best, has_given_up=has_given_up)


def stop_reason(known: Known, limits: RoundLimits) -> str:
    """Why no further round is begun, "" where one is."""
    if known.best is not None and known.best.is_complete:
        return "all public evidence passes"
    if known.is_late:
        return "deadline"
    if known.rounds >= limits.max_iterations:
        return "iteration limit"
    if limits.max_tokens_total is not None and known.tokens >= limits.max_tokens_total:
        return "token limit"
    is_early = limits.early_stop and known.rounds >= limits.min_iterations and known.stalled >= limits.patience
    return f"early stop: no better evidence in {known.stalled} rounds" if is_early else ""


def _with_patch(known: Known, best: Evidence, *, has_given_up: bool) -> Decision:
    if best.score is None:
        # a blind task: only own tests can tell whether the patch is right
        return Decision("tests", "nothing tells whether the patch is right; tests must")
    if best.public_passes and not known.has_doubted:
        return Decision("tests", "public tests pass, the own tests fail; they may be wrong")
    if best.own and known.stalled and not has_given_up:
        return Decision("both", "the own tests pass and public ones fail; they do not show the whole bug")
    return Decision("patch", "the patch fails tests")


def _without_patch(known: Known, *, has_given_up: bool) -> Decision:
    if known.has_own:
        return Decision("patch", "tests reproduce the bug; no patch could be verified yet")
    if has_given_up:
        return Decision("patch", f"tests did not reproduce the bug {known.sent_back} times; going on without")
    return Decision("both", "no tests that reproduce the bug and no patch yet")
