"""Finds which files, lines and names of a repository a text speaks of: stack traces, paths, dotted names, calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bugladder.solvers.debugging.repository import Repository, Symbol

_TRACE = re.compile(r'File "([^"\n]+)", line (\d+)|([\w./\\-]+\.py):(\d+)\b')
_PATH = re.compile(r"[\w./\\-]+\.\w+")
_DOTTED = re.compile(r"\b[^\W\d]\w*(?:\.[^\W\d]\w*)+")
# A bare word is a name only where it is written as one; "set" and "value" stand in every sentence.
_NAME = re.compile(r"`+([^\W\d]\w*)|\b([^\W\d]\w*)\(|\b([^\W\d]\w*_\w+|[A-Z][a-z0-9]+[A-Z]\w*)\b")


@dataclass(frozen=True)
class Mentions:
    """What a text names: lines of files as traces tell them, whole files, and identifiers."""

    lines: frozenset[tuple[str, int]]
    files: frozenset[str]
    names: frozenset[str]

    def weight(self, symbol: Symbol) -> float:
        """How much a span is spoken of: 1 for a line of a trace, 1 for its name, 0.3 for its file."""
        in_trace = any(path == symbol.path and symbol.first <= line <= symbol.last for path, line in self.lines)
        is_named = symbol.is_function and symbol.name.rpartition(".")[2] in self.names
        return 1.0 * in_trace + 1.0 * is_named + 0.3 * (symbol.path in self.files)


def mentions(text: str, repository: Repository) -> Mentions:
    """What of the repository a text names; what it does not hold is passed over."""
    lines = {(path, int(number)) for name, number in _traced(text) for path in _paths(name, repository)}
    dotted = [match.group() for match in _DOTTED.finditer(text)]
    named = [match.group() for match in _PATH.finditer(text)]
    modules = (f"{'/'.join(name.split('.')[:n])}.py" for name in dotted for n in range(1, name.count(".") + 2))
    files = {path for name in (*named, *modules) for path in _paths(name, repository)}
    written = {group for match in _NAME.finditer(text) for group in match.groups() if group}
    parts = {part for name in dotted for part in name.split(".")[1:]}
    return Mentions(frozenset(lines), frozenset(files | {p for p, _ in lines}), frozenset(written | parts))


def _traced(text: str) -> Iterator[tuple[str, str]]:
    for match in _TRACE.finditer(text):
        quoted, line, plain, number = match.groups()
        yield (quoted or plain, line or number)


def _paths(name: str, repository: Repository) -> Iterable[str]:
    """The one file that a name means: itself, or the only one that both end in the longest common tail."""
    wanted = name.replace("\\", "/").lstrip("./")
    while wanted:
        found = [p for p in repository.texts if p == wanted or p.endswith(f"/{wanted}")]
        if found:
            return found if len(found) == 1 else ()
        wanted = wanted.partition("/")[2]
    return ()
