"""Decides why an instance was not resolved: one name each, from verdict, outcomes, task and attempts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bugladder.analysis.settings import Row
from bugladder.records import Kind, Outcome, Side, Verdict

MODES = {
    "no_public_failing_test": "handed in nothing, and no failing test was shown to work from",
    "no_candidate_found": "handed in nothing, although a failing test was shown",
    "patch_failed": "the patch does not apply",
    "timeout": "a listed test ran out of time under the patch",
    "broke_everything": "no listed test passes under the patch",
    "overfit_public_only": "all public tests pass, a hidden one fails",
    "broke_passing_tests": "a test that passed before the patch fails",
    "partial_fix": "some of the failing tests pass, not all",
    "no_effect": "no failing test passes, nothing broke",
    "unknown": "none of these",
}


def failure_mode(score: Row, outcomes: Sequence[Row], task: Row | None) -> str | None:
    """The mode of one graded instance; None where it is resolved or was not graded.

    Args:
        score: its row of the scores table.
        outcomes: its rows of the outcomes table in the same arm.
        task: its row of the tasks table.
    """
    verdict = Verdict(score["verdict"])
    if verdict is Verdict.RESOLVED or not verdict.is_graded:
        return None
    if verdict is Verdict.NO_PATCH:
        can_see = task is not None and bool(task["public_fail_to_pass"])
        return "no_candidate_found" if can_see else "no_public_failing_test"
    if verdict is Verdict.PATCH_FAILED:
        return "patch_failed"
    return _from_outcomes([o for o in outcomes if o["kind"] != Kind.OWN])


def _from_outcomes(listed: Sequence[Row]) -> str:
    failing = [o for o in listed if o["outcome"] != Outcome.PASSED]
    if not failing:
        return "unknown"
    if any(o["outcome"] == Outcome.TIMEOUT for o in failing):
        return "timeout"
    if len(failing) == len(listed) and any(o["kind"] == Kind.PASS_TO_PASS for o in listed):
        return "broke_everything"
    public = [o for o in listed if o["side"] == Side.PUBLIC]
    if any(o["kind"] == Kind.FAIL_TO_PASS for o in public) and _all_pass(public):
        return "overfit_public_only"
    if any(o["kind"] == Kind.PASS_TO_PASS for o in failing):
        return "broke_passing_tests"
    is_partial = any(o["kind"] == Kind.FAIL_TO_PASS and o["outcome"] == Outcome.PASSED for o in listed)
    return "partial_fix" if is_partial else "no_effect"


def _all_pass(rows: Iterable[Row]) -> bool:
    return all(o["outcome"] == Outcome.PASSED for o in rows)
