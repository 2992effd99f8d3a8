"""Decides where an operator may edit: never docstrings, annotations, imports or type-checking blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libcst as cst

MODULE = "<module>"
"""Owner of code that stands outside any function or class."""


@dataclass(frozen=True, eq=False)
class Spot:
    """A node where an edit may stand.

    Args:
        node: the node that an edit replaces.
        owner: qualified name of the innermost function or class around the node (of itself where it is one).
        function: the innermost function around the node, or None.
    """

    node: cst.CSTNode
    owner: str
    function: cst.FunctionDef | None


Edits = Callable[[Spot], Iterator[cst.CSTNode]]
"""The replacements that an operator offers for one node, always in the same order."""


@dataclass(frozen=True)
class Operator:
    """A way to break code.

    Args:
        name: lower snake case, unique; it stands in instance ids.
        source: where the operator is described in the literature.
        edits: what it does to a node.
        reaches_module_level: True where it may also edit code outside functions and classes.
    """

    name: str
    source: str
    edits: Edits
    reaches_module_level: bool = False


class _Walk(cst.CSTVisitor):
    """Collects the editable nodes in the order of the text."""

    def __init__(self) -> None:
        super().__init__()
        self.spots: list[Spot] = []
        self._names: list[str] = []
        self._functions: list[cst.FunctionDef] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_off_limits(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.append(node.name.value)
        if isinstance(node, cst.FunctionDef):
            self._functions.append(node)
        owner = ".".join(self._names) or MODULE
        self.spots.append(Spot(node, owner, self._functions[-1] if self._functions else None))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if _is_off_limits(original_node):
            return
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._names.pop()
        if isinstance(original_node, cst.FunctionDef):
            self._functions.pop()


def walk(tree: cst.CSTNode) -> tuple[Spot, ...]:
    """Every editable node below a tree, in the order of its text."""
    visitor = _Walk()
    tree.visit(visitor)
    return tuple(visitor.spots)


def _is_off_limits(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.BaseParenthesizableWhitespace | cst.TrailingWhitespace | cst.EmptyLine | cst.Comma):
        return True
    if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom):
        return True
    if isinstance(node, cst.SimpleStatementLine):
        return _is_docstring(node)
    return isinstance(node, cst.If) and _is_never_run(node.test)


def _is_docstring(line: cst.SimpleStatementLine) -> bool:
    first = line.body[0] if line.body else None
    return isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString | cst.ConcatenatedString)


def _is_never_run(test: cst.BaseExpression) -> bool:
    """True for `TYPE_CHECKING` and `__name__ == "__main__"` blocks, which no test enters."""
    if isinstance(test, cst.Comparison):
        return _is_never_run(test.left)
    last = test.attr if isinstance(test, cst.Attribute) else test
    return isinstance(last, cst.Name) and last.value in {"TYPE_CHECKING", "__name__"}
