"""Runs a patch against all public evidence: own tests, public failing and public passing tests."""

from __future__ import annotations

from dataclasses import dataclass

from bugladder.records import Outcome, Task, TestReport
from bugladder.solvers.debugging.checkout import Checkout
from bugladder.solvers.debugging.evidence import Evidence, measure
from bugladder.solvers.debugging.fixing import Patch
from bugladder.solvers.debugging.reproduce import OwnTests


@dataclass(frozen=True)
class Verified:
    """A patch after its run: the evidence, counts of ids, and what fails in words for the model."""

    patch: Patch
    evidence: Evidence
    failing_passed: int
    passing_passed: int
    words: str

    @property
    def standing(self) -> str:
        """What the evidence is, in a few words."""
        shown = [*self.evidence.failing.values(), *([] if self.evidence.own is None else [self.evidence.own])]
        kept = list(self.evidence.passing.values())
        return f"{sum(shown)} of {len(shown)} failing tests pass, {sum(kept)} of {len(kept)} passing tests still do"


@dataclass(frozen=True)
class Verifier:
    """The public tests of a task.

    Args:
        task: whose tests they are.
        checkout: where they run.
        failing: public failing tests that were seen to fail on the buggy code.
        room: most bytes of output shown.
    """

    task: Task
    checkout: Checkout
    failing: tuple[str, ...]
    room: int

    def verify(self, patch: Patch, own: OwnTests | None) -> Verified:
        """Run everything on the patched code; own tests run apart, so that they cannot steer the others."""
        reports = []
        public = (*self.task.public_fail_to_pass, *self.task.public_pass_to_pass)
        if public:
            reports.append(self.checkout.test(patch.after, ids=public))
        if own is not None:
            reports.append(self.checkout.test({**patch.after, **own.files}, paths=own.paths))
        passed = {test for report in reports for test in _passed(report)}
        evidence = measure(self.failing, self.task.public_pass_to_pass, own.ids if own else (), passed)
        return Verified(
            patch,
            evidence,
            sum(test in passed for test in self.task.public_fail_to_pass),
            sum(test in passed for test in self.task.public_pass_to_pass),
            self._words(reports, passed, own),
        )

    def _words(self, reports: list[TestReport], passed: set[str], own: OwnTests | None) -> str:
        groups = (
            ("public failing tests that still fail", self.failing),
            ("passing tests that the patch breaks", self.task.public_pass_to_pass),
            ("your own tests that fail", own.ids if own else ()),
        )
        lines = []
        for name, tests in groups:
            left = [test for test in tests if test not in passed]
            if left:
                more = f" and {len(left) - 10} more" if len(left) > 10 else ""
                lines.append(f"{name} ({len(left)} of {len(tests)}): {', '.join(left[:10])}{more}")
        shown = [self.checkout.failures(r, self.room // len(reports)) for r in reports if _has_failed(r)]
        return "\n".join([*lines, *shown]) if lines else ""


def seen_failing(task: Task, checkout: Checkout, room: int) -> tuple[tuple[str, ...], str]:
    """Public failing tests that do fail on the buggy code, and the output of their run."""
    if not task.public_fail_to_pass:
        return (), ""
    report = checkout.test({}, ids=task.public_fail_to_pass)
    passed = _passed(report)
    failing = tuple(test for test in task.public_fail_to_pass if test not in passed)
    return failing, checkout.failures(report, room)


def _passed(report: TestReport) -> set[str]:
    return {r.test_id for r in report.results if r.outcome is Outcome.PASSED}


def _has_failed(report: TestReport) -> bool:
    return not report.is_complete or any(r.outcome is not Outcome.PASSED for r in report.results)
