"""Small rewrites of syntax trees that several families of operators share: parentheses, arguments, blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import libcst as cst

Statement = cst.BaseStatement
Node = TypeVar("Node", bound=cst.CSTNode)

_LOOSE = (
    cst.BinaryOperation,
    cst.BooleanOperation,
    cst.UnaryOperation,
    cst.Comparison,
    cst.IfExp,
    cst.Lambda,
    cst.Yield,
    cst.Await,
    cst.NamedExpr,
    cst.GeneratorExp,
    cst.Tuple,
)


class _Replacement(cst.CSTTransformer):
    def __init__(self, edits: Sequence[tuple[cst.CSTNode, cst.CSTNode]]) -> None:
        super().__init__()
        self._edits = {id(old): new for old, new in edits}

    def on_visit(self, node: cst.CSTNode) -> bool:
        return id(node) not in self._edits

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        return self._edits.get(id(original_node), updated_node)


def replaced(tree: Node, edits: Sequence[tuple[cst.CSTNode, cst.CSTNode]]) -> Node:
    """The tree with each old node (told by identity, none inside another) in the place of its new one."""
    done = tree.visit(_Replacement(edits))
    if not isinstance(done, type(tree)):
        raise TypeError(f"replacement changed the tree's own type to {type(done).__name__}")
    return done


def in_place_of(old: cst.BaseExpression, new: cst.BaseExpression) -> cst.BaseExpression:
    """The new expression with the old one's parentheses, and with its own where precedence asks for them."""
    if old.lpar:
        return new.with_changes(lpar=[*old.lpar, *new.lpar], rpar=[*new.rpar, *old.rpar])
    return tight(new)


def tight(expression: cst.BaseExpression) -> cst.BaseExpression:
    """The expression in parentheses, unless it binds as tightly as a name does."""
    if expression.lpar or not isinstance(expression, _LOOSE):
        return expression
    return expression.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def without_argument(call: cst.Call, index: int) -> cst.Call:
    """The call less one argument; no comma is left behind at its end."""
    kept = [a for i, a in enumerate(call.args) if i != index]
    if kept and index == len(call.args) - 1:
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return call.with_changes(args=kept)


def is_positional(argument: cst.Arg) -> bool:
    """True for an argument without a keyword and without a star."""
    return argument.keyword is None and not argument.star


def with_body(block: cst.IndentedBlock, statements: Sequence[Statement]) -> cst.IndentedBlock:
    """The block with other statements; `pass` where none is left."""
    body = list(statements) or [cst.SimpleStatementLine([cst.Pass()])]
    return block.with_changes(body=body)


def small(statement: Statement) -> cst.BaseSmallStatement | None:
    """The one small statement of a line, or None for compound statements and lines of several."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        return statement.body[0]
    return None


def spliced(suite: cst.BaseSuite) -> list[Statement]:
    """The statements of a suite, ready to stand in another block."""
    if isinstance(suite, cst.IndentedBlock):
        return list(suite.body)
    return [cst.SimpleStatementLine([s]) for s in suite.body if isinstance(s, cst.BaseSmallStatement)]


def last_small(suite: cst.BaseSuite) -> cst.BaseSmallStatement | None:
    """The small statement that ends a suite, or None."""
    if not suite.body:
        return None
    last = suite.body[-1]
    if isinstance(last, cst.BaseSmallStatement):
        return last
    return last.body[-1] if isinstance(last, cst.SimpleStatementLine) and last.body else None
