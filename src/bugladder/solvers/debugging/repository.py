"""Decides what of a task's tree a model may read: text files, and the spans that functions and classes take in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from bugladder.records.paths import PathRules

_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Symbol:
    """A span of a file: a function or method, or a run of lines between them (name: the class around, "" for none).

    Lines count from 1, both ends included; decorators and the comments right above belong to the function.
    """

    path: str
    name: str
    first: int
    last: int
    is_function: bool


@dataclass(frozen=True)
class Repository:
    """The text files of a tree by path, with their own line ends; what is no UTF-8 text is left out."""

    texts: Mapping[str, str]
    rules: PathRules

    @classmethod
    def of(cls, tree: Mapping[str, bytes], rules: PathRules) -> Repository:
        """The repository of an exported tree."""
        decoded = {path: _text(content) for path, content in sorted(tree.items())}
        return cls({path: text for path, text in decoded.items() if text is not None}, rules)

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """The spans of all Python source files, in order of path and line."""
        sources = (path for path in self.texts if self.rules.is_source(path))
        return tuple(s for path in sources for s in symbols_of(path, self.texts[path]))

    def lines(self, path: str) -> list[str]:
        """The lines of a file, without their ends."""
        return lines_of(self.texts[path])


def lines_of(text: str) -> list[str]:
    """Lines as Python counts them: a form feed ends none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def symbols_of(path: str, text: str) -> list[Symbol]:
    """The spans of one Python file, without gaps; one span for a file that does not parse."""
    lines = lines_of(text)
    try:
        functions = sorted(_functions(path, ast.parse(text), "", lines), key=lambda s: s.first)
    except (SyntaxError, ValueError, RecursionError):
        return [Symbol(path, "", 1, len(lines), is_function=False)]
    found: list[Symbol] = []
    at = 1
    for function in functions:
        # what shares a line with the function before it is shown with that one
        if function.first < at:
            continue
        found += _between(path, at, function.first - 1, function.name.rpartition(".")[0])
        found.append(function)
        at = function.last + 1
    return [*found, *_between(path, at, len(lines), "")]


def _text(content: bytes) -> str | None:
    if len(content) > _MOST_BYTES or b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _functions(path: str, node: ast.AST, prefix: str, lines: list[str]) -> Iterator[Symbol]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([child.lineno, *(d.lineno for d in child.decorator_list)])
            while first > 1 and lines[first - 2].lstrip().startswith("#"):
                first -= 1
            last = child.end_lineno or child.lineno
            yield Symbol(path, prefix + child.name, first, last, is_function=True)
        elif isinstance(child, ast.ClassDef):
            yield from _functions(path, child, f"{prefix}{child.name}.", lines)
        elif isinstance(child, ast.stmt):
            yield from _functions(path, child, prefix, lines)


def _between(path: str, first: int, last: int, name: str) -> list[Symbol]:
    return [Symbol(path, name, first, last, is_function=False)] if first <= last else []
