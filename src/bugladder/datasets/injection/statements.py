"""Operators on the statements of a block: removed, swapped, or no longer returned, raised or assigned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import libcst as cst

from bugladder.datasets.injection.rewriting import Statement, small, with_body
from bugladder.datasets.injection.spots import Operator, Spot, walk

_SDL = "SDL; Deng et al. 2013, statement deletion"
_SMITH = "Yang et al. 2025, SWE-smith, procedural modifications"
_AGRAWAL = "Agrawal et al. 1989, mutant operators for C"
_EXCEPTIONS = "Kim et al. 2000, class mutation (exceptions)"

_ASSIGNING = cst.Assign | cst.AugAssign | cst.AnnAssign
_MOVABLE = cst.SimpleStatementLine | cst.If | cst.For | cst.While | cst.With | cst.Try
_LEAVING = (cst.Return, cst.Raise, cst.Continue, cst.Break)


def call_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block less a call that stands as a statement."""
    for block, i in _lines(spot):
        line = small(block.body[i])
        if isinstance(line, cst.Expr) and isinstance(line.value, cst.Call):
            yield _without(block, i, 1)


def assignment_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block less an assignment, where the target has another value without it."""
    for block, i in _lines(spot):
        line = small(block.body[i])
        if isinstance(line, _ASSIGNING) and spot.function is not None and _is_set_elsewhere(line, spot.function):
            yield _without(block, i, 1)


def pair_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block less two neighbouring statements that do not leave it."""
    for block, i in _lines(spot):
        pair = block.body[i : i + 2]
        if len(pair) == 2 and all(_is_plain(s) for s in pair):
            yield _without(block, i, 2)


def statement_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block with two neighbouring statements in the other order."""
    for block, i in _lines(spot):
        pair = block.body[i : i + 2]
        if len(pair) == 2 and all(_is_plain(s) for s in pair):
            yield with_body(block, [*block.body[:i], pair[1], pair[0], *block.body[i + 2 :]])


def early_return_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A nested block less the return that ends it."""
    for block, i in _lines(spot):
        is_own = spot.function is not None and block is spot.function.body
        if isinstance(small(block.body[i]), cst.Return) and not is_own:
            yield _without(block, i, 1)


def leap_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block less its `break` or `continue`."""
    for block, i in _lines(spot):
        if isinstance(small(block.body[i]), cst.Break | cst.Continue):
            yield _without(block, i, 1)


def leap_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`break` to `continue` and back."""
    if isinstance(spot.node, cst.Break):
        yield cst.Continue()
    elif isinstance(spot.node, cst.Continue):
        yield cst.Break()


def raise_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block less a raise."""
    for block, i in _lines(spot):
        if isinstance(small(block.body[i]), cst.Raise):
            yield _without(block, i, 1)


def return_none(spot: Spot) -> Iterator[cst.CSTNode]:
    """`return a` to `return None`."""
    node = spot.node
    if isinstance(node, cst.Return) and node.value is not None and not node.value.deep_equals(cst.Name("None")):
        yield node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))


def return_forgotten(spot: Spot) -> Iterator[cst.CSTNode]:
    """`return f(a)` to `f(a)`."""
    node = spot.node
    if isinstance(node, cst.Return) and isinstance(node.value, cst.Call):
        yield cst.Expr(node.value)


def _lines(spot: Spot) -> Iterator[tuple[cst.IndentedBlock, int]]:
    """The positions of a function's block; nothing for other nodes."""
    if isinstance(spot.node, cst.IndentedBlock) and spot.function is not None:
        for i in range(len(spot.node.body)):
            yield spot.node, i


def _without(block: cst.IndentedBlock, start: int, count: int) -> cst.IndentedBlock:
    return with_body(block, [*block.body[:start], *block.body[start + count :]])


def _is_plain(statement: Statement) -> bool:
    """True for what may be moved or removed without cutting a block short or taking a name away for good."""
    if not isinstance(statement, _MOVABLE):
        return False
    if not isinstance(statement, cst.SimpleStatementLine):
        return True
    kept = (*_LEAVING, cst.Import, cst.ImportFrom, cst.Global, cst.Nonlocal, cst.Pass)
    is_text = any(isinstance(s, cst.Expr) and isinstance(s.value, cst.BaseString) for s in statement.body)
    return not is_text and not any(isinstance(s, kept) for s in statement.body)


def _is_set_elsewhere(line: cst.BaseSmallStatement, function: cst.FunctionDef) -> bool:
    if isinstance(line, cst.AugAssign):
        return True
    targets = _targets(line)
    names = _name_counts(function)
    return all(not isinstance(t, cst.Name) or names[t.value] > 1 for t in targets)


def _targets(node: cst.CSTNode) -> list[cst.BaseExpression]:
    if isinstance(node, cst.Assign):
        return [t.target for t in node.targets]
    return [node.target] if isinstance(node, cst.AnnAssign) else []


@lru_cache(maxsize=256)
def _name_counts(function: cst.FunctionDef) -> Counter[str]:
    """How often each local name gets a value: as a parameter or by an assignment."""
    counts: Counter[str] = Counter()
    for spot in walk(function):
        if isinstance(spot.node, cst.Param):
            counts[spot.node.name.value] += 1
        counts.update(t.value for t in _targets(spot.node) if isinstance(t, cst.Name))
    return counts


OPERATORS = (
    Operator("call_removal", _SDL, call_removal),
    Operator("assignment_removal", f"removed assignment; {_SMITH}", assignment_removal),
    Operator("pair_removal", _SDL, pair_removal),
    Operator("statement_swap", f"shuffled lines; {_SMITH}", statement_swap),
    Operator("early_return_removal", _SDL, early_return_removal),
    Operator("leap_removal", _SDL, leap_removal),
    Operator("leap_swap", f"SBRC; {_AGRAWAL}", leap_swap),
    Operator("raise_removal", _EXCEPTIONS, raise_removal),
    Operator("return_none", f"SRSR; {_AGRAWAL}", return_none),
    Operator("return_forgotten", f"SRSR; {_AGRAWAL}", return_forgotten),
)
