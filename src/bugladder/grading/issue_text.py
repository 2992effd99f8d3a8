"""Makes an issue text from what failing tests report, and decides what of it is masked; it names no test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

_MOST_BLOCKS = 5
_MOST_LINES = 8

# Only places that a machine invents: "/users/1" may well be the wrong value that a test of a web library shows.
_MACHINE_ROOTS = "tmp|testbed|scratch|home|root|usr|var|env|meta|opt|proc|private|tools"
_MASKS = (
    (re.compile(r"\b0x[0-9a-fA-F]{4,}\b"), "<address>"),
    (re.compile(rf"(?<![\w/])/(?:{_MACHINE_ROOTS})(?:/[^\s'\"<>,;:()\[\]]*)?(?![\w])"), "<path>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?!\d)"), "<time>"),
    (re.compile(r"(?<![\d:.])\d\d:\d\d:\d\d(?:[.,]\d+)?(?![\d:])"), "<time>"),
    (re.compile(r"\b1[5-9]\d{8}(?:\.\d+)?\b"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)?(?:e-\d+)? ?(?:s|ms|us|ns|secs?|seconds?)\b"), "<time>"),
    (re.compile(r"\btest_\w+"), "<test>"),
)

# What the test runner says to whoever called it, not what the code under test did.
_RUNNERS_ADVICE = re.compile(r"\s*(?:Use -v to get|\.\.\.Full output truncated)")


@dataclass(frozen=True)
class FailingTest:
    """A test that fails on the buggy code, and what it reports: the exception's type and words."""

    test_id: str
    message: str


def issue_text(package: str, shown: Sequence[FailingTest]) -> str:
    """The issue text that public failing tests give, equal for equal failures.

    Addresses, machine paths, times and names of tests are masked, equal reports are shown once, and at most
    five reports of eight lines each are shown, in the order of the test ids.

    Args:
        package: the library's name.
        shown: the failing tests that a solver may see; nothing else enters the text.

    Returns:
        Markdown; "" where nothing is shown.
    """
    tests = sorted(shown, key=lambda t: t.test_id)
    if not tests:
        return ""
    reports = list(dict.fromkeys(_masked(t) for t in tests))
    areas = list(dict.fromkeys(a for t in tests if (a := _area(t.test_id))))
    place = f" around {', '.join(areas[:3])}" if areas else ""
    parts = [
        f"{package} gives wrong results{place}",
        f"Something that {package} did right no longer works{place}. What is seen instead of the right result:",
        *(_indented(report) for report in reports[:_MOST_BLOCKS]),
    ]
    if len(reports) > _MOST_BLOCKS:
        parts.append(f"There are {len(reports) - _MOST_BLOCKS} more reports of this kind.")
    return "\n\n".join(parts) + "\n"


def _masked(test: FailingTest) -> str:
    text = test.message.strip()
    for name in _names(test.test_id):
        text = re.sub(rf"\b{re.escape(name)}\b", "<test>", text)
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text or "The call fails without a message."


def _names(test_id: str) -> list[str]:
    """The class and function names of a node id, without parameters; longer ones first."""
    parts = test_id.split("[", 1)[0].split("::")[1:]
    return sorted(parts, key=len, reverse=True)


def _area(test_id: str) -> str:
    """What a test file is about, by its name; "" where the name says nothing."""
    stem = PurePosixPath(test_id.split("::", 1)[0]).stem
    return re.sub(r"^tests?(_|$)|(^|_)tests?$", "", stem)


def _indented(report: str) -> str:
    # an indented block, as a message may hold a fence of its own
    lines = [line.rstrip() for line in report.splitlines() if line.strip() and not _RUNNERS_ADVICE.match(line)]
    kept = lines[:_MOST_LINES] + (["..."] if len(lines) > _MOST_LINES else [])
    return "\n".join(f"    {line}" for line in kept)
