"""Finds what a test run's output says of each failing test, as pytest, unittest (django) and sympy's runner print it.

A failure that the report does not know of is none of the repository's: tests that run only to see whether one can fail
must not show, and their names differ from run to run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bugladder.records import Outcome, TestReport

_RULE = re.compile(r"^={3,} .* ={3,}$", re.MULTILINE)
_TITLE = re.compile(r"^_{3,} (.*) _{3,}$", re.MULTILINE)
_UNITTEST = re.compile(r"^={70}\n(?:FAIL|ERROR|UNEXPECTED SUCCESS): ([\w.]+ \([\w.]+\))?.*$", re.MULTILINE)
_UNITTEST_END = re.compile(r"^-{70}\nRan \d+ tests?\b", re.MULTILINE)
# a title that is wider than the line has no marks around it
_SYMPY = re.compile(r"^_{80}\n_* ?([^\n:]*)(?::(\w+))? ?_*$", re.MULTILINE)
_SYMPY_END = re.compile(
    r"^={2,} tests finished: |^_{3,} (?:slowest|unexpectedly fast|xpassed) tests _{3,}$", re.MULTILINE
)
# Lines that tell how far a run is, of each framework, and sympy's words about the machine.
_PROGRESS = re.compile(
    r"[.FEsxuXw]+( +\[ *\d+%\])?"
    r"|\S+\.py(::\S.*| [.FEsxX]+( +\[ *\d+%\])?|\[\d+\].*)"
    r"|\S*\[\d+\]( [.FEfXsSwTK]*)? *(\[(OK|FAIL)\])?"
    r"|\w+ \([\w.]+\)( \.\.\. .*)?|.* \.\.\. (ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)?"
    r"|test_\w+ (ok|[FEfXswTK]\b.*)"
    r"|(executable|architecture|cache|ground types|numpy|random seed|hash randomization|split): .*"
    r"|Ran \d+ tests?\b.*|FAILED \(.*\)|=+ tests? (process starts|finished: .*) =+|DO \*NOT\* COMMIT!"
)


@dataclass(frozen=True)
class Block:
    """What the output says of one failing test; `test` is the test without its parameters."""

    test: str
    text: str


def blocks_of(output: str, report: TestReport, runner: str) -> list[Block] | None:
    """The blocks of an output in its order, [] where all of them are of tests that the report does not know.

    Args:
        output: of the run.
        report: of the same run.
        runner: name of the runner.

    Returns:
        None where the output tells of no failing test in the framework's usual way.
    """
    found = list(_READERS.get(runner, _of_pytest)(output))
    if not found:
        return None
    if runner not in _READERS:
        # its program hides what is none of the repository's by itself
        return found
    known = _known(report)
    return [block for block in found if block.test in known or _is_error(block, report)]


def without_progress(output: str) -> str:
    """An output without the lines that only tell how far the run is."""
    return "\n".join(line for line in output.split("\n") if not _PROGRESS.fullmatch(line.rstrip()))


def _of_pytest(output: str) -> Iterator[Block]:
    for section in _RULE.split(output):
        for title, text in _cut(section, list(_TITLE.finditer(section)), len(section)):
            yield Block(title[1].strip("_ ").split("[", 1)[0], text)


def _of_unittest(output: str) -> Iterator[Block]:
    end = _UNITTEST_END.search(output)
    for title, text in _cut(output, list(_UNITTEST.finditer(output)), end.start() if end else len(output)):
        yield Block(title[1] or "", text.split("\n", 1)[1])


def _of_sympy(output: str) -> Iterator[Block]:
    end = _SYMPY_END.search(output)
    for title, text in _cut(output, list(_SYMPY.finditer(output)), end.start() if end else len(output)):
        yield Block(f"{title[1].strip()}::{title[2]}" if title[2] else title[1].strip(" _"), text.split("\n", 1)[1])


_READERS: Mapping[str, Callable[[str], Iterator[Block]]] = {"django": _of_unittest, "sympy": _of_sympy}


def _cut(text: str, titles: list[re.Match[str]], end: int) -> Iterator[tuple[re.Match[str], str]]:
    """Each title with the text from it to the next one."""
    inside = [title for title in titles if title.start() < end]
    for title, stop in zip(inside, [*(t.start() for t in inside[1:]), end], strict=False):
        yield title, text[title.start() : stop].strip("\n")


def _known(report: TestReport) -> set[str]:
    """Names under which a failing test of the report may stand in a title: its id, or its file and its function."""
    bad = [r.test_id for r in report.results if r.outcome is not Outcome.PASSED]
    files = {r.definition.partition("::")[0] for r in report.results} - {""}
    return {*bad, *(f"{file}::{test}" for file in files for test in bad)}


def _is_error(block: Block, report: TestReport) -> bool:
    """Whether it tells of what could not be collected, which a report may name by its absolute path."""
    return bool(block.test) and any(f"/{path}".endswith(f"/{block.test}") for path, _ in report.collection_errors)
