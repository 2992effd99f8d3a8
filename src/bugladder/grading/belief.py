"""Decides which outcomes of a graded run are believed: a whole run's, of the definitions that are listed."""

from __future__ import annotations

from bugladder.records import Answer, Outcome, TestReport
from bugladder.scoring.units import UnitFinder


def outcomes_of(report: TestReport) -> dict[str, Outcome]:
    """Outcome by id of a run that can be trusted; the key "" gives the outcome of what is not named.

    A run whose report is unreadable or was tampered with gives nothing; after a time-out what is not named timed out.
    """
    if not report.is_readable or report.distrust:
        return {}
    found = report.outcomes()
    if report.command.timed_out:
        found[""] = Outcome.TIMEOUT
    return found


def believed_outcomes(report: TestReport, answer: Answer, finder: UnitFinder) -> dict[str, Outcome]:
    """As `outcomes_of`, for a run that decides about a candidate.

    A run that did not end by itself mends nothing: its FAIL_TO_PASS tests have not passed. A pass counts only where
    the code that ran stands in the file that it stood in when the controls were run.
    """
    found = outcomes_of(report)
    for result in report.results:
        unit = answer.units.get(result.test_id)
        is_elsewhere = unit is not None and _file(finder.unit(result)) != _file(unit)
        if is_elsewhere and found.get(result.test_id) is Outcome.PASSED:
            found[result.test_id] = Outcome.ERROR
    if not report.is_complete:
        cut = Outcome.TIMEOUT if report.command.timed_out else Outcome.MISSING
        found |= {t: cut for t in answer.fail_to_pass if found.get(t) is Outcome.PASSED}
    return found


def trouble_of(report: TestReport) -> str:
    """Why a run says less than it should ("" where it does not)."""
    if report.command.timed_out:
        return f"the test command was cut after {report.command.wall_s:.0f} s"
    if not report.is_readable:
        return "no readable test report"
    if report.distrust:
        return f"the test run cannot be believed: {'; '.join(report.distrust)}"[:500]
    if not report.is_complete:
        return "the test run did not finish"
    return "" if report.results else "no test was collected"


def _file(unit: str) -> str:
    return unit.partition("::")[0]
