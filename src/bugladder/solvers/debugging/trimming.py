"""Cuts a test run's output to what matters to a model, and masks what differs between equal runs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bugladder.records import Outcome, TestReport
from bugladder.solvers.debugging.blocks import Block, blocks_of, without_progress
from bugladder.solvers.debugging.context import size

_MASKS = (
    (re.compile(r"\b0x[0-9a-fA-F]{6,}\b"), "0x..."),
    (re.compile(r"/tmp/pytest-of-[\w-]+/pytest-\d+/"), "/tmp/pytest/"),  # noqa: S108  a name in a text, no file
    (re.compile(r"(?<=/tmp/)(tmp|\w+_)[a-z0-9_]{8}\b"), r"\1..."),
    (re.compile(r"\bin \d+\.\d+s(?: \(\d+:\d\d:\d\d\))?"), ""),
    # of the programs that run the tests
    (re.compile(r"^ *File \"[^\"\n]*\bbugladder_\w+\.py\", line .*\n(?: {4}.*\n)*", re.MULTILINE), ""),
    (re.compile(r"\b(?:\./)?(support|search|report|ids)-[0-9a-f]{16}\b"), r"\1"),
)
_MOST_LINES = 40


def failures(report: TestReport, places: Sequence[str], room: int, runner: str = "pytest") -> str:
    """The failing parts of a test run, as a model is shown them.

    Args:
        report: of the run.
        places: absolute folders of the sandbox, dropped from paths so that equal runs give equal texts.
        room: most bytes.
        runner: name of the runner that ran the tests.

    Returns:
        A line on what went wrong as a whole, then the tracebacks; each is cut in its middle to what fits.
    """
    head = _as_a_whole(report)
    output = masked("\n".join(filter(None, map(_text, (report.command.stdout, report.command.stderr)))), places)
    blocks = [_shortened(text) for text in _texts(output, report, runner)]
    return "\n".join([*head, *_fitting(blocks, room)]).strip()


def masked(text: str, places: Sequence[str]) -> str:
    """A text without addresses, durations and the sandbox's own folders."""
    for place in places:
        text = text.replace(f"{place}/", "").replace(place, ".")
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


def _as_a_whole(report: TestReport) -> list[str]:
    if report.command.timed_out:
        return [f"The test run was stopped: it did not end within {report.command.wall_s:.0f} s."]
    if not report.is_readable:
        return ["The test run wrote no report: the interpreter ended early or the tests could not start."]
    return [] if report.results or report.collection_errors else ["No test was collected."]


def _texts(output: str, report: TestReport, runner: str) -> list[str]:
    """One text per failing test; where none is told of, but something is wrong, what the output says besides."""
    blocks = blocks_of(output, report, runner)
    if blocks is None:
        return [] if _is_well(report) else [without_progress(output).strip("\n")]
    alike: dict[str, list[Block]] = {}
    for block in blocks:
        alike.setdefault(block.test, []).append(block)
    return [_first_of(same) for same in alike.values()]


def _is_well(report: TestReport) -> bool:
    has_run = report.is_complete and bool(report.results) and not report.collection_errors
    return has_run and all(r.outcome is Outcome.PASSED for r in report.results)


def _first_of(blocks: Sequence[Block]) -> str:
    """One of the parameters of a test speaks for all."""
    more = len(blocks) - 1
    return f"{blocks[0].text}\n({more} more with other parameters)" if more else blocks[0].text


def _shortened(block: str) -> str:
    lines = block.split("\n")
    if len(lines) <= _MOST_LINES:
        return block
    # a traceback tells where it began in its first lines and what happened in its last
    return "\n".join([*lines[:10], "...", *lines[-(_MOST_LINES - 11) :]])


def _fitting(blocks: Sequence[str], room: int) -> list[str]:
    kept: list[str] = []
    for number, block in enumerate(blocks):
        if size(block) > room:
            cut = block.encode("utf-8", "replace")[-room:].decode("utf-8", "ignore") if not kept else ""
            left = len(blocks) - number - bool(cut)
            return [
                *kept,
                *([f"...{cut}"] if cut else []),
                *([f"... {left} more failures are not shown"] if left else []),
            ]
        kept.append(block)
        room -= size(block) + 1
    return kept


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip()
