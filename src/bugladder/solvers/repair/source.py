"""Reads a source file into statements with their lines, spans and expressions: the places where an edit may go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, CodeSpan, MetadataWrapper, ParentNodeProvider, PositionProvider

_COMPOUND = (cst.If, cst.While, cst.For, cst.With, cst.ExceptHandler, cst.FunctionDef, cst.ClassDef, cst.Match)
# Nothing in these can be the bug, or an edit of them says nothing about it.
_DULL = (cst.Import, cst.ImportFrom, cst.Pass, cst.Global, cst.Nonlocal)
# A statement's own expressions end where another statement's code begins, and types change no behaviour.
_FENCES = (cst.BaseSuite, cst.Else, cst.Finally, cst.ExceptHandler, cst.MatchCase, cst.Annotation)


@dataclass(frozen=True)
class Edit:
    """One replacement in a file: bytes from start to end (offsets into its UTF-8 text) become `text`."""

    path: str
    start: int
    end: int
    text: str

    def apply(self, content: bytes) -> bytes:
        """The file's content after the edit."""
        return content[: self.start] + self.text.encode("utf-8") + content[self.end :]


@dataclass(frozen=True, eq=False)
class Statement:
    """A small statement, or the header of a compound one.

    lines are those whose execution counts as executing the statement; for a `def` they are those of its body's first
    statement, because the header runs at import; chunk is the byte span of the outermost definition around it.
    """

    node: cst.CSTNode
    line: int
    lines: frozenset[int]
    expressions: tuple[cst.BaseExpression, ...]
    function: cst.FunctionDef | None
    chunk: tuple[int, int]


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A parsed file with what the operators look up in it."""

    path: str
    content: bytes
    module: cst.Module
    spans: Mapping[cst.CSTNode, CodeSpan] = field(repr=False)
    parents: Mapping[cst.CSTNode, cst.CSTNode] = field(repr=False)
    statements: tuple[Statement, ...] = field(repr=False)

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Byte offsets of a node, its own parentheses left out."""
        span = self.spans[node]
        return span.start, span.start + span.length

    def code(self, node: cst.CSTNode) -> str:
        """The text of a node of this file, its own parentheses left out."""
        start, end = self.span(node)
        return self.content[start:end].decode("utf-8")

    def indent(self, node: cst.CSTNode) -> str | None:
        """The blanks before a node on its line, or None where something else stands there."""
        start, _ = self.span(node)
        head = self.content[self.content.rfind(b"\n", 0, start) + 1 : start].decode("utf-8")
        return head if not head.strip() else None


def parse(path: str, content: bytes) -> SourceFile | None:
    """Parse one file; None where it is no plain UTF-8 Python, which no operator touches."""
    try:
        text = content.decode("utf-8")
        module = cst.parse_module(text)
    except (UnicodeDecodeError, cst.ParserSyntaxError):
        return None
    if text.startswith("\ufeff"):
        return None
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    found: Mapping[Any, Mapping[cst.CSTNode, Any]] = wrapper.resolve_many(
        [ByteSpanPositionProvider, PositionProvider, ParentNodeProvider]
    )
    spans, places, parents = (found[p] for p in (ByteSpanPositionProvider, PositionProvider, ParentNodeProvider))
    reader = _Reader(spans, places)
    statements = tuple(reader.statements(module, None, None))
    return SourceFile(path, content, module, spans, parents, statements)


@dataclass(frozen=True)
class _Reader:
    spans: Mapping[cst.CSTNode, CodeSpan]
    places: Mapping[cst.CSTNode, Any]

    def statements(
        self, node: cst.CSTNode, function: cst.FunctionDef | None, outermost: cst.FunctionDef | None
    ) -> Iterator[Statement]:
        for child in node.children:
            is_small = isinstance(child, cst.BaseSmallStatement)
            if (is_small and not _is_dull(child)) or isinstance(child, _COMPOUND):
                yield self._statement(child, function, outermost)
            if isinstance(child, cst.FunctionDef):
                yield from self.statements(child, child, outermost or child)
            elif not is_small:
                yield from self.statements(child, function, outermost)

    def _statement(
        self, node: cst.CSTNode, function: cst.FunctionDef | None, outermost: cst.FunctionDef | None
    ) -> Statement:
        expressions = tuple(_own_expressions(node))
        start = self.places[node].start.line
        holder = outermost or (node if isinstance(node, cst.FunctionDef) else None)
        chunk = self.spans[holder or node]
        first = chunk.start
        if holder is not None and holder.decorators:
            first = self.spans[holder.decorators[0]].start
        return Statement(
            node=node,
            line=start,
            lines=self._lines(node, expressions),
            expressions=expressions,
            function=function,
            chunk=(first, chunk.start + chunk.length),
        )

    def _lines(self, node: cst.CSTNode, expressions: tuple[cst.BaseExpression, ...]) -> frozenset[int]:
        place = self.places[node]
        if isinstance(node, cst.FunctionDef):
            return frozenset({self.places[_first_code(node.body)].start.line})
        if not isinstance(node, _COMPOUND):
            return frozenset(range(place.start.line, place.end.line + 1))
        ends = [self.places[e].end.line for e in expressions]
        return frozenset(range(place.start.line, max([place.start.line, *ends]) + 1))


def _is_dull(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Expr):
        return isinstance(node.value, cst.SimpleString | cst.ConcatenatedString | cst.Ellipsis)
    return isinstance(node, _DULL)


def _first_code(body: cst.BaseSuite) -> cst.CSTNode:
    """The first statement of a body that is no docstring: the first line that a call executes."""
    for statement in body.body:
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else statement
        if not _is_dull(small):
            return small
    return body.body[0] if body.body else body


def _own_expressions(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    for child in node.children:
        if isinstance(child, _FENCES) or _is_other_statement(node, child):
            continue
        if isinstance(child, cst.BaseExpression):
            yield child
        yield from _own_expressions(child)


def _is_other_statement(node: cst.CSTNode, child: cst.CSTNode) -> bool:
    # `elif` is an If inside an If; a decorated name and a parameter's name are no values
    if isinstance(child, cst.If):
        return True
    return isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Param) and child is node.name
