"""Judges the tests that a candidate brings: valid if failing on buggy and inert code and passing on the reference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from bugladder.grading.belief import outcomes_of
from bugladder.grading.grade import Grader, full_test_files, inert_files
from bugladder.grading.protection import Protection
from bugladder.records import Files, Kind, Outcome, Side, TestOutcome, TestReport
from bugladder.workspace import TreeRefusedError, apply_patch, apply_published

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
    new = _new_files(test_files, known)
    if not _test_paths(new):
        return OwnTests()
    first = _run(grader, new, {})
    written = tuple(r.test_id for r in first.results if not r.is_alias)[: grader.settings.max_own_tests]
    valid = _failing(first, written)
    reference = apply_patch(grader.base, grader.answer.reference_patch)
    inert = inert_files(grader.base, grader.settings.paths)
    for files, times in (({}, _TIMES - 1), (inert, _TIMES)):
        for _ in range(times if valid else 0):
            valid = _failing(_run(grader, new, files), valid)
    for _ in range(_TIMES if valid else 0):
        valid = _passing(_run(grader, new, reference), valid)
    return OwnTests(written, valid, _on_patch(grader, new, patch, valid) if valid else ())


def _new_files(test_files: Files, known: set[str]) -> Files:
    """The files that stand at new, plain places inside the repository, and that fit beside what is there."""
    files: Files = {}
    for path, content in sorted(test_files.items()):
        pure = PurePosixPath(path)
        parents = {str(p) for p in pure.parents}
        is_plain = str(pure) == path and not pure.is_absolute() and not {"..", ".git"} & {*pure.parts} and pure.parts
        is_free = path not in known and not parents & ({*files} | known)
        is_folder = any(other.startswith(f"{path}/") for other in known)
        if content is not None and is_plain and is_free and not is_folder and "\0" not in path:
            files[path] = content
    return files


def _test_paths(new: Files) -> tuple[str, ...]:
    """What the runner is asked to run; data beside a test is no test, and a name may not look like an option."""
    return tuple(p for p in new if p.endswith(".py") and not p.startswith("-"))


def _run(grader: Grader, new: Files, state: Files) -> TestReport:
    with grader.open_workspace(grader.environment, {**state, **new}) as workspace:
        report: TestReport = workspace.test(paths=_test_paths(new))
    return report


def _on_patch(grader: Grader, new: Files, patch: str, valid: Sequence[str]) -> tuple[TestOutcome, ...]:
    protection = Protection.of(grader.answer.test_patch, grader.answer.reference_patch, grader.settings.paths)
    kept = protection.keep(patch).patch
    with grader.open_workspace(grader.environment, {}) as workspace:
        found: dict[str, Outcome] = {}
        # a patch that leaves no room for its own tests costs it these
        with suppress(TreeRefusedError):
            if not kept.strip() or apply_published(workspace, kept).by is not None:
                workspace.write(new)
                report = workspace.test(paths=_test_paths(new))
                found = outcomes_of(report) if report.is_complete else {}
    return tuple(
        TestOutcome(t, found.get(t, found.get("", Outcome.MISSING)), Kind.OWN, Side.PUBLIC, t, 0.0) for t in valid
    )


def _failing(report: TestReport, tests: Sequence[str]) -> tuple[str, ...]:
    failed = {r.test_id for r in report.results if r.outcome is Outcome.FAILED and r.phase == "call"}
    return tuple(t for t in tests if t in failed)


def _passing(report: TestReport, tests: Sequence[str]) -> tuple[str, ...]:
    passed = {r.test_id for r in report.results if r.outcome is Outcome.PASSED}
    return tuple(t for t in tests if t in passed)
