"""Decides which words of a changelog are a release's entry: its section, else the lines added since the last one."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_STEMS = (
    "changelog",
    "changes",
    "change_log",
    "history",
    "news",
    "release_notes",
    "releases",
    "whatsnew",
    "versions",
    "readme",
)
_SUFFIXES = ("", ".md", ".rst", ".txt")
_MIN_CHARS = 20
_MAX_ADDED_LINES = 60
# A heading: marks, then perhaps "Version" or "Release", then the number. What stands before the number is its shape.
_HEADING = re.compile(
    r"^(?P<lead>[\s#*=\-+\[(`.]*(?:\\?version:?\s+|release\s+|v)?\[?v?)(?P<version>\d+(?:\.\d+)+)(?P<rest>(?![\w.]*\d).*)$",
    re.IGNORECASE,
)
_UNDERLINE = re.compile(r"^\s*([=\-~^*#+\"'`._:])\1{2,}\s*$")
_DATE_NOISE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}(st|nd|rd|th)?\b|\b\d{4}\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*"
    r"|\breleased?\b|\bunreleased\b|\bon\b|\bof\b|https?://\S+",
    re.IGNORECASE,
)
_RELEASED = re.compile(
    r"^\W*(?:release date\b.*|released?\W*(?:on\b.*|\d.*|:.*)?|\d{4}-\d\d-\d\d|yanked\b.*)\W*$", re.IGNORECASE
)

# link definitions and anchors
_TARGET = re.compile(r"^\s*(\.\. _|<a |<!--|\[[^\]]+\]: )")


def changelog_entry(before: Mapping[str, bytes], after: Mapping[str, bytes], version: str) -> str | None:
    """The words that the release `version` has for itself, without heading and dates; None where it has none.

    A section under a heading with the version is taken first; where no changelog has one (headings
    are sometimes mistyped), the lines that a changelog gained since the release before.

    Args:
        before: files of the release before, by path.
        after: files of the release.
        version: the release's version.
    """
    paths = [p for p in _changelogs(after) if after[p] != before.get(p)]
    for path in paths:
        entry = _readable(_section(_lines(after[path]), version))
        if entry is not None:
            return entry
    for path in paths:
        if not PurePosixPath(path).stem.lower().startswith("readme"):
            entry = _readable(_added(_lines(before.get(path, b"")), _lines(after[path])))
            if entry is not None:
                return entry
    return None


@dataclass(frozen=True)
class _Heading:
    shape: str
    version: str
    rest: str


def _changelogs(tree: Mapping[str, bytes]) -> list[str]:
    ranked = []
    for path in tree:
        pure = PurePosixPath(path)
        stem, suffix = pure.stem.lower().replace("-", "_"), pure.suffix.lower()
        if suffix in _SUFFIXES and stem in _STEMS and not {"tests", "test"} & set(pure.parts):
            ranked.append((stem == "readme", len(pure.parts), _STEMS.index(stem), path))
    return [path for *_, path in sorted(ranked)]


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").expandtabs(4).splitlines()


def _heading(line: str) -> _Heading | None:
    found = _HEADING.match(line)
    if found is None:
        return None
    return _Heading(found["lead"].replace("[", "").lower(), found["version"], found["rest"])


def _section(lines: list[str], version: str) -> list[str]:
    for index, line in enumerate(lines):
        heading = _heading(line)
        if heading is not None and heading.version == version and _is_heading(lines, index, heading):
            body = list(_until_next(lines, index, heading))
            return [*_words_of(heading), *body]
    return []


def _is_heading(lines: list[str], index: int, heading: _Heading) -> bool:
    below = lines[index + 1] if index + 1 < len(lines) else ""
    if _UNDERLINE.match(below) or heading.shape.strip().startswith("#"):
        return True
    # a list item or a bare line counts where others of its shape stand beside it
    return sum(h is not None and h.shape == heading.shape for h in map(_heading, lines)) > 1


def _until_next(lines: list[str], start: int, heading: _Heading) -> Iterator[str]:
    level = len(heading.shape.strip()) if heading.shape.strip().startswith("#") else 0
    below = lines[start + 1 : start + 2]
    mark = below[0].strip()[:1] if below and _UNDERLINE.match(below[0]) else ""
    for index in range(start + 1, len(lines)):
        line = lines[index]
        other = _heading(line)
        if other is not None and other.shape == heading.shape and _is_heading(lines, index, other):
            return
        marks = re.match(r"#+", line)
        if level and marks and len(marks[0]) <= level:
            return
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if mark and line.strip() and _UNDERLINE.match(following) and following.strip()[:1] == mark:
            return
        yield line


def _words_of(heading: _Heading) -> list[str]:
    words = re.findall(r"[A-Za-z]{2,}", _DATE_NOISE.sub(" ", heading.rest))
    # "1.2.3 Fixed the thing" is an entry on one line; "1.2.3 (May 2, 2024)" is not
    return [heading.rest.strip(" \t:-")] if len(words) >= 3 else []


def _added(before: list[str], after: list[str]) -> list[str]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    added = [
        line for tag, _, _, j1, j2 in matcher.get_opcodes() if tag in {"insert", "replace"} for line in after[j1:j2]
    ]
    headings = {line for index, line in enumerate(added) if (h := _heading(line)) and _is_heading(added, index, h)}
    kept = [line for line in added if line not in headings]
    return kept if len(kept) <= _MAX_ADDED_LINES else []


def _is_date(line: str) -> bool:
    return bool(re.search(r"\d{4}", line)) and not re.search(r"[^\W\d_]{2,}", _DATE_NOISE.sub(" ", line))


def _readable(lines: list[str]) -> str | None:
    kept = [line.rstrip() for line in lines if not _UNDERLINE.match(line) and not _RELEASED.match(line)]
    kept = [line for line in kept if not _TARGET.match(line) and not _is_date(line)]
    text = textwrap.dedent("\n".join(kept))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    return text if len(text) >= _MIN_CHARS else None
