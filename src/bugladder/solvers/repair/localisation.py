"""Decides which statements are suspicious: Ochiai on the lines that failing and passing tests executed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bugladder.solvers.repair.source import SourceFile, Statement


@dataclass(frozen=True)
class Spectrum:
    """What one traced run showed.

    Args:
        failing: ids of the tests that failed, among those that should pass.
        passing: ids of the tests that passed.
        covered: test ids by line by path.
        imported: lines by path that ran outside of any test, that is while importing.
    """

    failing: frozenset[str]
    passing: frozenset[str]
    covered: Mapping[str, Mapping[int, frozenset[str]]]
    imported: Mapping[str, frozenset[int]]


@dataclass(frozen=True, eq=False)
class Suspect:
    """A statement and its suspiciousness, 0 to 1."""

    file: SourceFile
    statement: Statement
    suspiciousness: float


def ochiai(failed_covering: int, failed: int, passed_covering: int) -> float:
    """Suspiciousness of what `failed_covering` of `failed` failing tests and `passed_covering` passing tests executed.

    Source: Abreu, Zoeteweij and van Gemund, "On the accuracy of spectrum-based fault localization", 2007.
    """
    if failed_covering == 0:
        return 0.0
    return failed_covering / math.sqrt(failed * (failed_covering + passed_covering))


def covering_tests(statement: Statement, path: str, spectrum: Spectrum) -> frozenset[str]:
    """Tests that executed a statement; what ran at import was executed by every test that entered the file."""
    lines = spectrum.covered.get(path, {})
    found: frozenset[str] = frozenset().union(*(lines.get(line, frozenset()) for line in statement.lines))
    if not found and statement.lines & spectrum.imported.get(path, frozenset()):
        return frozenset().union(*lines.values())
    return found


def localise(files: Iterable[SourceFile], spectrum: Spectrum, max_locations: int) -> list[Suspect]:
    """The most suspicious statements, ties in order of path and line; none that no failing test executed."""
    suspects = []
    for file in files:
        for statement in file.statements:
            tests = covering_tests(statement, file.path, spectrum)
            value = ochiai(len(tests & spectrum.failing), len(spectrum.failing), len(tests & spectrum.passing))
            if value > 0:
                suspects.append(Suspect(file, statement, value))
    suspects.sort(key=lambda s: (-s.suspiciousness, s.file.path, s.statement.line))
    return suspects[:max_locations]


def suspicious_paths(spectrum: Spectrum, max_lines: int) -> list[str]:
    """Files that hold the `max_lines` most suspicious lines: others need no parsing, which costs up to a second."""
    values = []
    for path, lines in spectrum.covered.items():
        for line, tests in lines.items():
            value = ochiai(len(tests & spectrum.failing), len(spectrum.failing), len(tests & spectrum.passing))
            if value > 0:
                values.append((-value, path, line))
    return sorted({path for _, path, _ in sorted(values)[:max_lines]})


def sample_passing(failing: Sequence[str], passing: Sequence[str], limit: int) -> tuple[str, ...]:
    """At most `limit` passing tests to trace: those in the failing tests' files first, spread evenly where too many."""
    files = {i.split("::", 1)[0] for i in failing}
    near = [i for i in passing if i.split("::", 1)[0] in files]
    far = [i for i in passing if i.split("::", 1)[0] not in files]
    chosen = _spread(near, limit)
    return (*chosen, *_spread(far, limit - len(chosen)))


def _spread(ids: Sequence[str], limit: int) -> list[str]:
    if len(ids) <= limit:
        return list(ids)
    return [ids[i * len(ids) // limit] for i in range(limit)]
