"""Decides how a runner's test ids read in lists that an official log parser made: cut, shortened, or several as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bugladder.records import Outcome, TestReport, TestResult

_ESCAPE = re.compile(r"\[\d+m")
_OPTION = re.compile(r"(.*?)\[(.*)\]")


def spelled(report: TestReport, parser: str, ids: Iterable[str] | None = None) -> TestReport:
    """The report with its ids as a parser spells them.

    Ids that become one fold into one result: it passes when all of them do.

    Args:
        report: as the runner read it.
        parser: the official log parser; "" leaves everything as it is.
        ids: only these ids, as they are spelled; None for all.
    """
    if not parser:
        return report
    wanted = None if ids is None else set(ids)
    by_name: dict[str, TestResult] = {}
    for result in report.results:
        name = official_id(result.test_id, parser)
        if name and (wanted is None or name in wanted):
            seen = by_name.get(name)
            by_name[name] = replace(result, test_id=name) if seen is None else _folded(seen, result)
    return replace(report, results=tuple(by_name.values()))


def official_id(test_id: str, parser: str) -> str:
    """A runner's id as a log parser of the official package reads it from a line ("" where it reads nothing)."""
    if parser in {"parse_log_django", "parse_log_sympy"}:
        return test_id
    if parser == "parse_log_matplotlib":
        test_id = test_id.replace("MouseButton.LEFT", "1").replace("MouseButton.RIGHT", "3")
    if parser == "parse_log_pytest_v2":
        test_id = _ESCAPE.sub("", test_id)
    # they take the second word of a line
    first = next(iter(test_id.split()), "")
    option = _OPTION.search(first) if parser == "parse_log_pytest_options" else None
    return f"{option[1]}[{_shortened(option[2])}]" if option else first


def without_parameters(test_id: str) -> str:
    """An id up to its parameters, which is what a test function is selected by."""
    return test_id.split("[", 1)[0]


def _shortened(option: str) -> str:
    """A parameter that is a path, by its last part."""
    is_path = option.startswith("/") and not option.startswith("//") and "*" not in option
    return "/" + option.rsplit("/", maxsplit=1)[-1] if is_path else option


def _folded(seen: TestResult, other: TestResult) -> TestResult:
    worse = seen if seen.outcome is not Outcome.PASSED or other.outcome is Outcome.PASSED else other
    return replace(worse, test_id=seen.test_id, definition=seen.definition, seconds=seen.seconds + other.seconds)
