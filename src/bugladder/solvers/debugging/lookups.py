"""Answers a model's own requests to open files and search words, from the task's repository alone and within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bugladder.solvers.debugging.context import ContextLimits, Excerpt, excerpt, size
from bugladder.solvers.debugging.replies import Opening
from bugladder.solvers.debugging.repository import Repository
from bugladder.solvers.debugging.retrieval import Index, ranked


def opened(
    repository: Repository, openings: Sequence[Opening], limits: ContextLimits
) -> tuple[list[Excerpt], list[str]]:
    """The wanted lines as excerpts, cut to `request_bytes` together, and a sentence for each that cannot be shown."""
    shown: list[Excerpt] = []
    notes: list[str] = []
    room = limits.request_bytes
    for wanted in openings:
        if wanted.file not in repository.texts:
            notes.append(_unknown(repository, wanted.file))
            continue
        last = wanted.last_line if wanted.last_line > 0 else len(repository.lines(wanted.file))
        found = _cut(excerpt(repository, wanted.file, wanted.first_line, last), room)
        if found is None:
            notes.append(f"{wanted.file} is not shown: no room is left; open fewer lines")
            continue
        room -= size(found.text)
        shown.append(found)
    return shown, notes


def searched(repository: Repository, index: Index, wanted: Sequence[str], limits: ContextLimits) -> list[str]:
    """For each searched text the lines that hold it ("path:line: text"), or the functions that come nearest."""
    found: list[str] = []
    for text in dict.fromkeys(w.strip() for w in wanted):
        if not text:
            continue
        hits = _lines_with(repository, text, limits.search_hits)
        if hits:
            found += [f"{text!r}:", *hits]
        else:
            near = ranked(index.scores(text).items())[: limits.search_hits // 4 or 1]
            places = "; ".join(f"{s.path}:{s.first}-{s.last} {s.name}".rstrip() for s in near)
            found.append(f"{text!r}: in no file. Nearest: {places or 'nothing'}")
    return _within(found, limits.request_bytes)


def _lines_with(repository: Repository, text: str, most: int) -> list[str]:
    # sources come first: documentation and tests repeat their words
    paths = sorted(repository.texts, key=lambda p: (not repository.rules.is_source(p), p))
    hits = (
        f"{path}:{number}: {line.strip()[:200]}"
        for path in paths
        if text in repository.texts[path]
        for number, line in enumerate(repository.lines(path), start=1)
        if text in line
    )
    return [hit for _, hit in zip(range(most), hits, strict=False)]


def _within(lines: Sequence[str], room: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        room -= size(line) + 1
        if room < 0:
            return [*kept, "... more hits are not shown"]
        kept.append(line)
    return kept


def _cut(found: Excerpt, room: int) -> Excerpt | None:
    """The first lines of an excerpt that fit; None where not one does."""
    kept = 0
    lines = found.text.split("\n")
    for line in lines:
        room -= size(line) + 1
        if room < 0:
            break
        kept += 1
    if not kept:
        return None
    return Excerpt(found.path, found.first, found.first + kept - 1, found.total, "\n".join(lines[:kept]))


def _unknown(repository: Repository, path: str) -> str:
    near = get_close_matches(path, list(repository.texts), n=3, cutoff=0.5)
    return f"{path[:200]!r} is no text file of the repository" + (f"; did you mean {', '.join(near)}?" if near else "")
