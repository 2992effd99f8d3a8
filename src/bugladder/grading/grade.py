"""Grades one patch on one instance in a fresh workspace: what of it counts, whether it applies, every outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bugladder.grading.belief import believed_outcomes, trouble_of
from bugladder.grading.protection import Protection
from bugladder.grading.restoration import Restoration
from bugladder.grading.settings import GradingSettings
from bugladder.records import Answer, Environment, Files, Kind, Outcome, Side, TestOutcome, TestReport
from bugladder.records.paths import PathRules
from bugladder.records.protocols import OpenWorkspace
from bugladder.scoring.units import UnitFinder
from bugladder.workspace import AppliedBy, TreeRefusedError, Workspace, apply_patch, apply_published


@dataclass(frozen=True)
class Grade:
    """What grading a patch gave.

    applied_by is None where nothing was applied. was_cut: a time-out of seconds decided, so the grade is not stored.
    """

    applied: bool
    reason: str
    outcomes: tuple[TestOutcome, ...]
    dropped: tuple[str, ...]
    seconds: float
    was_cut: bool
    applied_by: AppliedBy | None = None


@dataclass(frozen=True)
class Grader:
    """Grades patches on one instance. base holds the whole files of the buggy repository, as exported by us."""

    environment: Environment
    answer: Answer
    base: Files
    open_workspace: OpenWorkspace
    settings: GradingSettings

    def grade(self, patch: str) -> Grade:
        """Apply a patch ("" for the unpatched code) in a fresh workspace and run the listed tests once."""
        with self.open_workspace(self.environment, {}) as workspace:
            return self.grade_in(workspace, patch)

    def grade_in(self, workspace: Workspace, patch: str) -> Grade:
        """As `grade`, in a workspace that was just opened and that nothing has changed."""
        protection = Protection.of(self.answer.test_patch, self.answer.reference_patch, self.settings.paths)
        kept = protection.keep(patch)
        if patch.strip() and not kept.patch.strip() and not kept.dropped:
            return self._failed("it holds no unified diff", kept.dropped)
        tests = full_test_files(self.base, self.answer.test_patch)
        restoration = Restoration(protection, self.base, tests, self.environment.runner.pythonpath)
        if not kept.patch.strip():
            restoration.unpatched(workspace)
            return self._graded(self._tested(workspace, restoration.tests), kept.dropped)
        applied = apply_published(workspace, kept.patch)
        if applied.by is None:
            return self._failed(applied.reason, kept.dropped)
        try:
            more = restoration.patched(workspace)
            report = self._tested(workspace, restoration.tests)
            graded = self._graded(report, tuple(dict.fromkeys([*kept.dropped, *more])))
            return replace(graded, applied_by=applied.by)
        except TreeRefusedError as error:
            # a full disk or a file where a folder belongs is the patch's doing: the fresh tree took everything
            return self._failed(f"the patched tree does not take its tests: {error}", kept.dropped)

    def _tested(self, workspace: Workspace, tests: Files) -> TestReport:
        return workspace.test(paths=test_paths(self.environment, tests))

    def _failed(self, reason: str, dropped: tuple[str, ...]) -> Grade:
        return Grade(
            applied=False, reason=reason, outcomes=self.listed({}), dropped=dropped, seconds=0.0, was_cut=False
        )

    def _graded(self, report: TestReport, dropped: tuple[str, ...]) -> Grade:
        tests = full_test_files(self.base, self.answer.test_patch)
        finder = UnitFinder({**self.base, **tests}, self.settings.paths)
        return Grade(
            applied=True,
            reason=trouble_of(report),
            outcomes=self.listed(
                believed_outcomes(report, self.answer, finder), {r.test_id: r.seconds for r in report.results}
            ),
            dropped=dropped,
            seconds=report.command.wall_s,
            was_cut=report.command.timed_out,
        )

    def listed(self, outcomes: dict[str, Outcome], seconds: dict[str, float] | None = None) -> tuple[TestOutcome, ...]:
        """One row per listed test; a listed test without an outcome is missing."""
        hidden = {*self.answer.hidden_fail_to_pass, *self.answer.hidden_pass_to_pass}
        rows = []
        for kind, ids in ((Kind.FAIL_TO_PASS, self.answer.fail_to_pass), (Kind.PASS_TO_PASS, self.answer.pass_to_pass)):
            for test in ids:
                outcome = outcomes.get(test, outcomes.get("", Outcome.MISSING))
                side = Side.HIDDEN if test in hidden else Side.PUBLIC
                spent = (seconds or {}).get(test, 0.0)
                rows.append(TestOutcome(test, outcome, kind, side, self.answer.units[test], spent))
        return tuple(rows)


def full_test_files(base: Files, test_patch: str) -> Files:
    """Whole test files as the test patch leaves them (None where it deletes one)."""
    return apply_patch(base, test_patch)


def test_paths(environment: Environment, tests: Files) -> tuple[str, ...]:
    """What the runner is asked to run: what the environment names, or else the Python files that the tests leave.

    Args:
        environment: the instance's; one whose test files would tell what is tested names none.
        tests: whole files as the test patch leaves them.
    """
    return environment.runner.paths or tuple(sorted(p for p, c in tests.items() if c is not None and p.endswith(".py")))


def inert_files(base: Files, rules: PathRules) -> Files:
    """The source files of a tree, each with a comment line added at its end."""
    return {p: _with_comment(c) for p, c in base.items() if c is not None and rules.is_source(p)}


def _with_comment(content: bytes) -> bytes:
    end = b"\r\n" if b"\r\n" in content else b"\n"
    gap = b"" if not content or content.endswith(b"\n") else end
    return content + gap + b"# inert" + end
