"""Judges the tests that a candidate brings: valid if failing on buggy and inert code and passing on the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bugladder.grading.grade import Grader, full_test_files, inert_files, outcomes_of
from bugladder.grading.protection import Protection
from bugladder.records import Files, Kind, Outcome, Side, TestOutcome, TestReport
from bugladder.workspace import apply_patch

_TIMES = 2


@dataclass(frozen=True)
class OwnTests:
    """Own tests looked at: the ids written, the valid ones, and their outcomes on the candidate's patch."""

    written: tuple[str, ...] = ()
    valid: tuple[str, ...] = ()
    outcomes: tuple[TestOutcome, ...] = ()


def judge_own_tests(grader: Grader, test_files: Files, patch: str) -> OwnTests:
    """Judge new test files on the buggy code and on inert (twice each), on the reference (twice), then on the patch.

    Only files that the repository does not have count; of their tests the first `max_own_tests` in order of file and
    collection. A failure counts in the call phase only, not in collection, import or set-up.
    """
    known = {*grader.base, *full_test_files(grader.base, grader.answer.test_patch)}
    new: Files = {p: c for p, c in sorted(test_files.items()) if c is not None and p not in known}
    if not new:
        return OwnTests()
    first = _run(grader, new, {})
    written = tuple(r.test_id for r in first.results)[: grader.settings.max_own_tests]
    valid = _failing(first, written)
    reference = apply_patch(grader.base, grader.answer.reference_patch)
    inert = inert_files(grader.base, grader.settings.paths)
    for files, times in (({}, _TIMES - 1), (inert, _TIMES)):
        for _ in range(times if valid else 0):
            valid = _failing(_run(grader, new, files), valid)
    for _ in range(_TIMES if valid else 0):
        valid = _passing(_run(grader, new, reference), valid)
    return OwnTests(written, valid, _on_patch(grader, new, patch, valid) if valid else ())


def _run(grader: Grader, new: Files, state: Files) -> TestReport:
    with grader.open_workspace(grader.environment, {**state, **new}) as workspace:
        report: TestReport = workspace.test(paths=tuple(new))
    return report


def _on_patch(grader: Grader, new: Files, patch: str, valid: Sequence[str]) -> tuple[TestOutcome, ...]:
    protection = Protection.of(grader.answer.test_patch, grader.answer.reference_patch, grader.settings.paths)
    kept = protection.keep(patch).patch
    with grader.open_workspace(grader.environment, {}) as workspace:
        if kept.strip() and not workspace.apply(kept).applied:
            found: dict[str, Outcome] = {}
        else:
            workspace.write(new)
            found = outcomes_of(workspace.test(paths=tuple(new)))
    return tuple(
        TestOutcome(t, found.get(t, found.get("", Outcome.MISSING)), Kind.OWN, Side.PUBLIC, t, 0.0) for t in valid
    )


def _failing(report: TestReport, tests: Sequence[str]) -> tuple[str, ...]:
    failed = {r.test_id for r in report.results if r.outcome is Outcome.FAILED and r.phase == "call"}
    return tuple(t for t in tests if t in failed)


def _passing(report: TestReport, tests: Sequence[str]) -> tuple[str, ...]:
    passed = {r.test_id for r in report.results if r.outcome is Outcome.PASSED}
    return tuple(t for t in tests if t in passed)
