"""Cuts hidden units out of test files by their syntax tree; everything else keeps its bytes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from bugladder.records import Files
from bugladder.scoring.units import DefinitionNode, definitions


def cut(files: Mapping[str, bytes | None], units: Iterable[str]) -> Files:
    """The files that hold hidden units, without them.

    Args:
        files: whole files by path, the ones that hold the units among them.
        units: "path::qualname" removes the definition with its decorators and the comment right above it; "path" (a
            unit without a definition) removes the file.

    Returns:
        Only the changed files; None for a removed one.
    """
    by_path: dict[str, set[str]] = {}
    for unit in units:
        path, _, qualname = unit.partition("::")
        by_path.setdefault(path, set()).add(qualname)
    changed: Files = {}
    for path, names in by_path.items():
        content = files.get(path)
        if content is not None:
            changed[path] = None if "" in names else _without(content, path, names)
    return {path: content for path, content in changed.items() if content != files[path]}


def _without(content: bytes, path: str, names: set[str]) -> bytes:
    doomed = {n.lineno for name, nodes in definitions(content, path).items() if name in names for n in nodes}
    lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    edits: list[tuple[int, int, str]] = []
    for body in _bodies(ast.parse(content)):
        gone = [s for s in body if isinstance(s, DefinitionNode) and s.lineno in doomed]
        for position, statement in enumerate(gone):
            first, last = _span(statement, lines)
            # a suite must not become empty
            filler = " " * statement.col_offset + "pass\n" if position == 0 and len(gone) == len(body) else ""
            edits.append((first, last, filler))
    for first, last, filler in sorted(edits, reverse=True):
        lines[first:last] = [filler] if filler else []
    return "".join(lines).encode("utf-8", "surrogateescape")


def _bodies(tree: ast.AST) -> Iterable[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and not isinstance(node, ast.Module):
                yield body
    if isinstance(tree, ast.Module):
        # a module may be empty, so its body never needs a filler
        yield [*tree.body, ast.Pass()]


def _span(statement: ast.stmt, lines: list[str]) -> tuple[int, int]:
    """First and one-past-last line index of a definition, decorators and the comment block above included."""
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(d.lineno for d in decorators)]) - 1
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return first, statement.end_lineno or statement.lineno
