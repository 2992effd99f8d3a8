"""Cuts a test run's output to what matters to a model, and masks what differs between equal runs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bugladder.records import TestReport
from bugladder.solvers.debugging.context import size

_MASKS = (
    (re.compile(r"\b0x[0-9a-fA-F]{6,}\b"), "0x..."),
    (re.compile(r"/tmp/pytest-of-[\w-]+/pytest-\d+/"), "/tmp/pytest/"),  # noqa: S108  a name in a text, no file
    (re.compile(r"\bin \d+\.\d+s(?: \(\d+:\d\d:\d\d\))?"), ""),
)
_RULE = re.compile(r"^={3,} .* ={3,}$", re.MULTILINE)
_TITLE = re.compile(r"^_{3,} .* _{3,}$", re.MULTILINE)
_MOST_LINES = 40


def failures(report: TestReport, places: Sequence[str], room: int) -> str:
    """The failing parts of a test run, as a model is shown them.

    Args:
        report: of the run.
        places: absolute folders of the sandbox, dropped from paths so that equal runs give equal texts.
        room: most bytes.

    Returns:
        A line on what went wrong as a whole, then the tracebacks; each is cut in its middle to what fits.
    """
    head = _as_a_whole(report)
    output = masked(_text(report.command.stdout) or _text(report.command.stderr), places)
    blocks = [_shortened(block) for block in _blocks(output)]
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


def _blocks(output: str) -> list[str]:
    """One text per failing test that pytest tells of; the whole output where it tells of none that way."""
    alike: dict[str, list[str]] = {}
    for section in _RULE.split(output):
        titles = list(_TITLE.finditer(section))
        ends = [*(t.start() for t in titles[1:]), len(section)][: len(titles)]
        for title, end in zip(titles, ends, strict=True):
            test = title.group().strip("_ ").split("[", 1)[0]
            alike.setdefault(test, []).append(section[title.start() : end].strip("\n"))
    return [_first_of(blocks) for blocks in alike.values()] or [output.strip("\n")]


def _first_of(blocks: Sequence[str]) -> str:
    """One of the parameters of a test speaks for all."""
    more = len(blocks) - 1
    return f"{blocks[0]}\n({more} more with other parameters)" if more else blocks[0]


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
