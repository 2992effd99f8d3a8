"""G5: the result parses, and holds no prose, fences or tables of the reply around it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath

from bugladder.solvers.debugging.gates.changes import Change, why_unparsed
from bugladder.solvers.debugging.gates.proposal import Finding, GateLimits, Proposal

# In these, fences and tables are the content itself.
_PROSE_SUFFIXES = frozenset({"", ".md", ".markdown", ".rst", ".txt", ".html", ".htm", ".tex", ".po", ".ipynb"})
_PASTED = (
    ("a markdown fence", re.compile(r"^\s*(```|~~~)[\w+-]*\s*$")),
    (
        "a mark of an edit",
        re.compile(r"^(<{5,} ?(SEARCH|ORIGINAL|HEAD)\b|>{5,} ?(REPLACE|UPDATED)\b|\*\*\* End Patch)"),
    ),
    ("a row of a table", re.compile(r"^\s*\|.*\|\s*$")),
    ("prose", re.compile(r"^\s*(Here('s| is| are)|Sure[,!]|I('ve| have)|The following) [^=(]*[:.]\s*$")),
)


def syntax(proposal: Proposal, _limits: GateLimits) -> Iterator[Finding]:
    """G5: a Python, JSON or TOML file no longer parses, or parts of the reply around the code were pasted."""
    for change in proposal.changes:
        if change.after is None:
            continue
        wrong = _why_wrong(change.path, change.after)
        if wrong is not None:
            # a file that never parsed (a template, another version's syntax) says nothing about the change
            if change.before is None or _why_wrong(change.path, change.before) is None:
                yield Finding("G5", "block", _unparsed(change, *wrong))
        elif not change.is_python and PurePosixPath(change.path).suffix not in _PROSE_SUFFIXES:
            yield from _pasted(change)


def _unparsed(change: Change, line: int, reason: str) -> str:
    pasted = next(((n, what) for n in sorted(change.added_lines) if (what := _what_pasted(change, n))), None)
    if pasted is not None:
        number, what = pasted
        return f"{change.path}, line {number}: {what} was pasted into the file; give its content alone, without prose."
    shown = change.lines_after[line - 1].strip()[:80] if 0 < line <= len(change.lines_after) else ""
    return f"{change.path}, line {line}: the file does not parse ({reason}): {shown!r}; mind indentation and brackets."


def _pasted(change: Change) -> Iterator[Finding]:
    for number in sorted(change.added_lines):
        what = _what_pasted(change, number)
        # where a file has such lines already, they are its own language
        if what is not None and what not in {_what(line) for line in _old_lines(change)}:
            sentence = f"{change.path}, line {number}: {what} was pasted into the file; give its content alone."
            yield Finding("G5", "block", sentence)
            return


def _what_pasted(change: Change, number: int) -> str | None:
    return _what(change.lines_after[number - 1])


def _what(line: str) -> str | None:
    return next((what for what, pattern in _PASTED if pattern.match(line)), None)


def _old_lines(change: Change) -> list[str]:
    return (change.before or b"").decode("utf-8", "replace").splitlines()


def _why_wrong(path: str, content: bytes) -> tuple[int, str] | None:
    suffix = PurePosixPath(path).suffix
    if suffix in {".py", ".pyi"}:
        return why_unparsed(content)
    try:
        if suffix == ".json":
            json.loads(content)
        elif suffix == ".toml":
            tomllib.loads(content.decode("utf-8").replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:
        return getattr(error, "lineno", 1), str(error)
    return None
