"""Finds a search text in a file whatever its line ends are, and the place most like it where it is not there."""

from __future__ import annotations

import difflib
from bisect import bisect_left

Span = tuple[int, int]


def spots(text: str, search: str) -> list[Span]:
    r"""Every place where a search text stands, overlapping ones too, as offsets into the text.

    Args:
        text: the file, its line ends as they are.
        search: what to find, its line ends "\n".
    """
    plain = text.replace("\r\n", "\n")
    starts = []
    at = plain.find(search)
    while at >= 0:
        starts.append(at)
        at = plain.find(search, at + 1)
    if len(plain) == len(text):
        return [(start, start + len(search)) for start in starts]
    ends = [n for n, letter in enumerate(plain) if letter == "\n"]
    returns = _returns_before(text)
    return [(_raw(start, ends, returns), _raw(start + len(search), ends, returns)) for start in starts]


def replace_at(text: str, span: Span, replacement: str) -> str:
    """The text with one span replaced; new lines end as those replaced do, else as most of the file's."""
    start, end = span
    new_end = _line_end(text[start:end]) or _line_end(text) or "\n"
    return text[:start] + replacement.replace("\n", new_end) + text[end:]


def with_ends_of(text: str, content: str) -> str:
    """Content with the line ends and the byte order mark of another text."""
    mark = "\ufeff" if text.startswith("\ufeff") and not content.startswith("\ufeff") else ""
    return mark + content.replace("\n", _line_end(text) or "\n")


def line_of(text: str, offset: int) -> int:
    """Number of the line, from 1, that an offset stands in."""
    return text.count("\n", 0, offset) + 1


def closest(text: str, search: str) -> str:
    """A sentence with the place of the file that is most like a search text which is not there."""
    have, want = text.replace("\r\n", "\n").split("\n"), search.strip("\n").split("\n")
    start, alike = _best_window([line.strip() for line in have], [line.strip() for line in want])
    if alike == len(want):
        differing = next((n for n, line in enumerate(want) if have[start + n] != line), None)
        if differing is None:
            return f"The same lines stand at line {start + 1}, with other line breaks around them."
        return (
            f"Line {start + differing + 1} differs only in blanks: it is {have[start + differing]!r}, "
            f"and {want[differing]!r} was searched for."
        )
    if alike:
        differing = next(n for n, line in enumerate(want) if _at(have, start + n) != line.strip())
        return (
            f"The closest place begins at line {start + 1}; line {start + differing + 1} is "
            f"{_at(have, start + differing)!r}, and {want[differing].strip()!r} was searched for."
        )
    return _closest_line(have, want)


def _closest_line(have: list[str], want: list[str]) -> str:
    longest = max(want, key=len).strip()
    stripped = {line.strip(): n for n, line in reversed([*enumerate(have)]) if line.strip()}
    found = difflib.get_close_matches(longest, stripped, n=1)
    if not found:
        return "No line of the file is like it: copy the text from the file, without line numbers."
    return f"The closest line is {stripped[found[0]] + 1}: {found[0]!r}."


def _best_window(have: list[str], want: list[str]) -> tuple[int, int]:
    """The first line (from 0) from which on most lines are as wanted, and how many; blank ones alone tell nothing."""
    places: dict[int, int] = {}
    by_line: dict[str, list[int]] = {}
    for n, line in enumerate(have):
        by_line.setdefault(line, []).append(n)
    for offset, line in enumerate(want):
        for n in by_line.get(line, []) if line else ():
            places[n - offset] = places.get(n - offset, 0) + 1
    inside = {start: count for start, count in places.items() if start >= 0}
    if not inside:
        return 0, 0
    start = min(inside, key=lambda s: (-inside[s], s))
    blanks = sum(not line and _at(have, start + n) == "" for n, line in enumerate(want))
    return start, inside[start] + blanks


def _at(lines: list[str], number: int) -> str:
    return lines[number].strip() if number < len(lines) else ""


def _returns_before(text: str) -> list[int]:
    r"""For each "\n" of a text, how many "\r" before a "\n" stand up to it, its own included."""
    counts, total = [], 0
    at = text.find("\n")
    while at >= 0:
        total += at > 0 and text[at - 1] == "\r"
        counts.append(total)
        at = text.find("\n", at + 1)
    return counts


def _raw(offset: int, ends: list[int], returns: list[int]) -> int:
    passed = bisect_left(ends, offset)
    return offset + (returns[passed - 1] if passed else 0)


def _line_end(text: str) -> str | None:
    crlf = text.count("\r\n")
    plain = text.count("\n") - crlf
    if not crlf and not plain:
        return None
    return "\r\n" if crlf > plain else "\n"
