"""What an operator sees: one statement, its expressions, and the names and attributes in use around it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import libcst as cst

from bugladder.solvers.repair.source import SourceFile, Statement

_CONDITION_HOLDERS = (cst.If, cst.While, cst.IfExp, cst.Assert, cst.CompIf)
# Text of such a node can stand wherever an expression can, without parentheses of its own.
_TIGHT = (
    cst.Name,
    cst.Attribute,
    cst.Subscript,
    cst.Call,
    cst.BaseNumber,
    cst.SimpleString,
    cst.List,
    cst.Dict,
    cst.Set,
)


@dataclass(frozen=True)
class Proposal:
    """Replace a node of the file by text; a loose text may need parentheses where it is put."""

    node: cst.CSTNode
    text: str
    is_loose: bool = False


@dataclass(frozen=True)
class Operator:
    """A mutation operator.

    Args:
        name: as attempts show it.
        prior: 0 to 1, how soon it is tried and how its plausible candidates rank (SEARCH.md's classes, not tuned).
        source: where it comes from.
        propose: yields the operator's proposals at one statement, most promising first.
    """

    name: str
    prior: float
    source: str
    propose: Callable[[Site], Iterable[Proposal]]


@dataclass(frozen=True)
class Vocabulary:
    """What one file uses: attributes by the text of their base and role, functions by name, local names by function."""

    attributes: Mapping[tuple[str, bool], tuple[str, ...]]
    functions: Mapping[str, tuple[str, ...]]
    locals: Mapping[cst.FunctionDef | None, tuple[str, ...]]
    conditions: Mapping[cst.FunctionDef | None, tuple[str, ...]]


@dataclass(frozen=True)
class Site:
    """One suspicious statement in its file."""

    file: SourceFile
    statement: Statement
    vocabulary: Vocabulary = field(repr=False)

    @property
    def node(self) -> cst.CSTNode:
        """The statement's node."""
        return self.statement.node

    @property
    def local_names(self) -> tuple[str, ...]:
        """Parameters and variables of the function around the statement."""
        return self.vocabulary.locals.get(self.statement.function, ())

    def expressions(self, *kinds: type[cst.CSTNode]) -> Iterator[cst.BaseExpression]:
        """The statement's own expressions of some kinds, outermost first."""
        return (e for e in self.statement.expressions if isinstance(e, kinds))

    def code(self, node: cst.CSTNode) -> str:
        """The text of a node of the file, without its own parentheses."""
        return self.file.code(node)

    def render(self, node: cst.BaseExpression) -> str:
        """The text of a changed expression, without parentheses around it."""
        return self.file.module.code_for_node(node.with_changes(lpar=[], rpar=[]))

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node right above."""
        return self.file.parents[node]

    def operand(self, node: cst.BaseExpression) -> str:
        """The text of a node as it can stand beside an operator."""
        return self.code(node) if isinstance(node, _TIGHT) else f"({self.code(node)})"

    def is_condition(self, node: cst.CSTNode) -> bool:
        """True where only the node's truth is used: a test, or an operand of and, or and not in one."""
        above = self.parent(node)
        if isinstance(above, cst.BooleanOperation) or (
            isinstance(above, cst.UnaryOperation) and isinstance(above.operator, cst.Not)
        ):
            return isinstance(above, cst.UnaryOperation) or self.is_condition(above)
        return isinstance(above, _CONDITION_HOLDERS) and above.test is node

    def is_stored(self, node: cst.CSTNode) -> bool:
        """True for what is assigned to, deleted or bound: no value to change."""
        above = self.parent(node)
        while isinstance(above, cst.Tuple | cst.List | cst.Element | cst.StarredElement):
            node, above = above, self.parent(above)
        if isinstance(above, cst.AssignTarget | cst.AugAssign | cst.AnnAssign | cst.For | cst.CompFor | cst.NamedExpr):
            return above.target is node
        return isinstance(above, cst.Del | cst.AsName | cst.NameItem)

    def is_value(self, node: cst.CSTNode) -> bool:
        """True for a name or attribute that is read, and is not an attribute's name, a keyword or a parameter."""
        above = self.parent(node)
        if isinstance(above, cst.Attribute) and above.attr is node:
            return False
        if isinstance(above, cst.Arg) and above.keyword is node:
            return False
        return not (isinstance(above, cst.Param) and above.name is node) and not self.is_stored(node)


def alike(word: str, others: Iterable[str], limit: int) -> list[str]:
    """The others most similar to a word (Ratcliff/Obershelp ratio), most similar first, ties by name."""
    ratio = {o: difflib.SequenceMatcher(None, word, o).ratio() for o in set(others) if o != word}
    return sorted(ratio, key=lambda o: (-ratio[o], o))[:limit]
