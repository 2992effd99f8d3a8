"""Decides by two test runs whether a planted edit is a bug to be fixed: some tests fail, most pass, the same twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bugladder.grading.issue_text import FailingTest, issue_text
from bugladder.mining.edits import PlannedEdit
from bugladder.mining.pristine import Pristine
from bugladder.mining.release import Miner
from bugladder.mining.runs import Refused
from bugladder.records import Outcome, TestReport


@dataclass(frozen=True)
class PlantLimits:
    """What planted edits must keep to.

    Args:
        per_operator: most entries of one operator in one package.
        per_function: most entries of one function or class in one package.
        fail_to_pass_units: fewest definitions of tests that an edit must break.
        failing_share: largest part of the suite that an edit may break.
        tries_per_entry: edits tried for each entry wanted, after which the planting ends.
        timeout_factor: a run may take this many times the pristine run's wall seconds.
        least_timeout_s: and never less than this.
        fair_cpu_s: a slower suite is cut to some of its files.
        reach_timeout_factor: as timeout_factor, for the one run that measures which lines tests run.
    """

    per_operator: int = 3
    per_function: int = 2
    fail_to_pass_units: int = 2
    failing_share: float = 0.3
    tries_per_entry: int = 30
    timeout_factor: float = 4.0
    least_timeout_s: float = 5.0
    fair_cpu_s: float = 2.0
    reach_timeout_factor: float = 20.0


@dataclass(frozen=True)
class Failures:
    """What an edit breaks: test ids, the number of definitions that hold their code, CPU seconds of the slower run."""

    ids: tuple[str, ...]
    units: int
    cpu_seconds: float


@dataclass(frozen=True)
class Trial:
    """Runs a release's suite on edits."""

    pristine: Pristine
    miner: Miner
    limits: PlantLimits

    def failures(self, edit: PlannedEdit) -> Failures:
        """Run the suite on an edit, and where the first run promises an entry, a second time in a fresh workspace.

        Raises:
            Refused: too few or too many tests fail, the runs differ, or one does not end as it should.
        """
        # a run that breaks too much may end early; tests outside of the suite may fail as they like
        enough = self._most_failures() + 1 + self.pristine.other_tests
        first = self._run(edit, ("--maxfail", str(enough)))
        failing = self._failing(first)
        second = self._run(edit, ())
        if self._failing(second) != failing or self._words(first, failing) != self._words(second, failing):
            raise Refused("the failing tests or their reports differ between two runs")
        units = {self.pristine.units[i] for i in failing}
        return Failures(failing, len(units), round(max(r.command.cpu_s for r in (first, second)), 2))

    def _most_failures(self) -> int:
        return int(self.limits.failing_share * len(self.pristine.suite.test_ids))

    def _run(self, edit: PlannedEdit, options: Sequence[str]) -> TestReport:
        environment = self.pristine.environment
        spec = replace(environment.runner, options=(*environment.runner.options, *options))
        timeout_s = max(self.limits.least_timeout_s, self.limits.timeout_factor * self.pristine.wall_s)
        environment = replace(environment, runner=spec)
        with self.miner.open_workspace(environment, {edit.draw.path: edit.edited}) as workspace:
            report: TestReport = workspace.test(timeout_s=timeout_s)
        if report.command.timed_out:
            raise Refused("the suite does not end in time")
        if report.collection_errors or not report.results:
            raise Refused("a test file cannot be collected")
        if report.command.cpu_s > self.miner.limits.cpu_s:
            raise Refused(f"the suite takes {report.command.cpu_s:.1f} s of CPU")
        return report

    def _failing(self, report: TestReport) -> tuple[str, ...]:
        """The suite's ids that do not pass, where they are as many as an entry may have.

        Raises:
            Refused: too few, too many, or the run has not ended as it should.
        """
        outcomes = report.outcomes()
        failed = [i for i in self.pristine.suite.test_ids if outcomes.get(i) not in {None, Outcome.PASSED}]
        if len(failed) > self._most_failures():
            raise Refused(f"more than {self.limits.failing_share:.0%} of the suite fails")
        units = {self.pristine.units[i] for i in failed}
        if len(units) < self.limits.fail_to_pass_units:
            raise Refused(f"{len(units)} units fail, fewer than {self.limits.fail_to_pass_units}")
        missing = [i for i in self.pristine.suite.test_ids if i not in outcomes]
        if missing or not report.is_complete:
            raise Refused("the run ends before all tests have a result")
        return tuple(failed)

    def _words(self, report: TestReport, failing: Sequence[str]) -> list[str]:
        """What an issue text would show of each failing test."""
        messages = {r.test_id: r.message for r in report.results}
        return [issue_text(self.pristine.suite.package, [FailingTest(i, messages[i])]) for i in failing]
