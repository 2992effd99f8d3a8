"""Decides where each operator can plant a bug in a source file, and plants it there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import libcst as cst

from bugladder.datasets.injection import branches, calls, constants, definitions, expressions, pairs, statements
from bugladder.datasets.injection.rewriting import replaced
from bugladder.datasets.injection.spots import MODULE, Operator, Spot, walk
from bugladder.records import BugladderError

OPERATORS: tuple[Operator, ...] = (
    *expressions.OPERATORS,
    *constants.OPERATORS,
    *calls.OPERATORS,
    *statements.OPERATORS,
    *branches.OPERATORS,
    *definitions.OPERATORS,
    *pairs.OPERATORS,
)
"""Every operator, in a fixed order; names are unique."""

_BY_NAME = {operator.name: operator for operator in OPERATORS}


@dataclass(frozen=True)
class Site:
    """Where an operator edits a file.

    Args:
        function: qualified name of the function or class around it ("<module>" for none).
        index: position among all edits of this operator in the file, from 0, in the order of the text.
    """

    function: str
    index: int


def sites(source: bytes, operator: str) -> list[Site]:
    """All places of a source file where an operator offers an edit, in the order of the text.

    Raises:
        BugladderError: the operator is unknown, or the source does not parse.
    """
    return [Site(spot.owner, i) for i, (spot, _) in enumerate(_edits(_tree(source), _operator(operator)))]


def plant(source: bytes, operator: str, site: Site) -> bytes:
    """The source with the operator's edit at a site; encoding, line ends and all other text stay as they are.

    Raises:
        BugladderError: the operator no longer offers an edit there, or the edited file does not compile.
    """
    tree = _tree(source)
    for i, (spot, new) in enumerate(_edits(tree, _operator(operator))):
        if i == site.index and spot.owner == site.function:
            return _edited(tree, spot.node, new, f"operator {operator} at {site.function}#{site.index}")
    raise BugladderError(
        f"operator {operator} yields no edit at {site.function}#{site.index}: the source or the operator has changed"
    )


def _operator(name: str) -> Operator:
    if name not in _BY_NAME:
        raise BugladderError(f"operator {name!r} is unknown; known: {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def _edits(tree: cst.Module, operator: Operator) -> Iterator[tuple[Spot, cst.CSTNode]]:
    for spot in _spots(tree):
        if spot.owner == MODULE and not operator.reaches_module_level:
            continue
        for new in operator.edits(spot):
            yield spot, new


@lru_cache(maxsize=8)
def _tree(source: bytes) -> cst.Module:
    try:
        return cst.parse_module(source)
    except (cst.ParserSyntaxError, UnicodeDecodeError, LookupError) as error:
        raise BugladderError(f"the source to plant in does not parse: {str(error).splitlines()[0]}") from error


@lru_cache(maxsize=8)
def _spots(tree: cst.Module) -> tuple[Spot, ...]:
    return walk(tree)


def _edited(tree: cst.Module, old: cst.CSTNode, new: cst.CSTNode, what: str) -> bytes:
    try:
        edited = replaced(tree, [(old, new)]).bytes
        ast.parse(edited)
        compile(edited, "<planted>", "exec", dont_inherit=True)
    except (cst.CSTValidationError, SyntaxError, ValueError) as error:
        raise BugladderError(f"{what} does not yield valid Python: {error}") from error
    return edited
