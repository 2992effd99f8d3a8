"""Decides from test runs on fixed and buggy code which tests fail to pass, which pass anyway, which are flaky."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bugladder.records import BugladderError, Environment, Files, Outcome, TestReport, TestResult
from bugladder.records.paths import PathRules
from bugladder.records.protocols import OpenWorkspace
from bugladder.scoring.units import UnitFinder


class Refused(BugladderError):  # noqa: N818 - a refusal is a result of mining, not a failure of it
    """Why a pair, an edit or a run gives no entry."""


@dataclass(frozen=True)
class Runs:
    """What the runs say.

    Args:
        fail_to_pass: ids that pass in both fixed runs and in no buggy one.
        pass_to_pass: ids that pass in all.
        flaky: ids whose outcome differs between runs of the same code, or whose name holds today's date.
        units: unit of each id that passes in both fixed runs.
        cpu_seconds: user + system time of the slowest run.
    """

    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    flaky: tuple[str, ...]
    units: dict[str, str]
    cpu_seconds: float

    @property
    def fail_to_pass_units(self) -> int:
        """Number of definitions that hold the FAIL_TO_PASS ids' code."""
        return len({self.units[i] for i in self.fail_to_pass})


def run_both_ways(
    environment: Environment, fixed: Files, buggy: Files, open_workspace: OpenWorkspace, max_cpu_s: float
) -> tuple[TestReport, ...]:
    """Run the environment's suite on the fixed and the buggy code in turn, twice each, in fresh workspaces.

    Args:
        environment: the base.
        fixed: files laid over the base for the fixed code.
        buggy: files laid over the base for the buggy code.
        open_workspace: opens a workspace; its time-out bounds each run.
        max_cpu_s: a run that needs more user + system seconds is refused.

    Raises:
        Refused: a run ends by its time-out, is too slow, or a fixed one gives no report.
    """
    reports = []
    for name, files in 2 * (("fixed", fixed), ("buggy", buggy)):
        with open_workspace(environment, files) as workspace:
            report: TestReport = workspace.test()
        _check(name, report, max_cpu_s)
        reports.append(report)
    return tuple(reports)


def read_runs(reports: Sequence[TestReport], files: Mapping[str, bytes | None], rules: PathRules) -> Runs:
    """Compare the reports of fixed, buggy, fixed and, where it was run twice, buggy code.

    Args:
        reports: three or four, in this order.
        files: the fixed tree's files, in which units are looked up.
        rules: which paths are tests.
    """
    outcomes = [r.outcomes() for r in reports]
    first, second, buggy, again = outcomes[0], outcomes[2], outcomes[1], outcomes[-1 if len(outcomes) > 3 else 1]
    both = [i for i, o in first.items() if o is Outcome.PASSED and second.get(i) is Outcome.PASSED]
    dropped = {i for i in both if _holds_today(i)} | {i for i in both if _passed(buggy, i) != _passed(again, i)}
    steady = sorted(i for i in both if i not in dropped)
    finder = UnitFinder(files, rules)
    results: dict[str, TestResult] = {r.test_id: r for r in reports[0].results}
    return Runs(
        fail_to_pass=tuple(i for i in steady if not _passed(buggy, i)),
        pass_to_pass=tuple(i for i in steady if _passed(buggy, i)),
        flaky=tuple(sorted({i for i in {*first, *second} if first.get(i) != second.get(i)} | dropped)),
        units={i: finder.unit(results[i]) for i in steady},
        cpu_seconds=round(max(r.command.cpu_s for r in reports), 2),
    )


def _passed(outcomes: Mapping[str, Outcome], test_id: str) -> bool:
    return outcomes.get(test_id) is Outcome.PASSED


def _check(name: str, report: TestReport, max_cpu_s: float) -> None:
    if report.command.timed_out:
        raise Refused(f"the run on the {name} code did not end in time")
    if report.command.cpu_s > max_cpu_s:
        raise Refused(f"the run on the {name} code took {report.command.cpu_s:.1f} s of CPU, over {max_cpu_s:g}")
    if name == "fixed" and not report.results:
        errors = [message.strip().splitlines()[-1] for _, message in report.collection_errors if message.strip()]
        words = errors[0] if errors else report.command.stderr.decode("utf-8", "replace").strip()[-200:]
        raise Refused(f"the run on the fixed code gave no result: {' '.join(words.split())}")


def _holds_today(test_id: str) -> bool:
    # an id that is made from the clock names another test tomorrow; a newline cannot stand in a list of ids
    today = dt.datetime.now(tz=dt.UTC).date()
    return "\n" in test_id or any((today + dt.timedelta(d)).isoformat() in test_id for d in (-1, 0, 1))
