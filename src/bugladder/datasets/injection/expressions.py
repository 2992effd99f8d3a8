"""Operators on expressions: comparison, logic, arithmetic, constants, slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from bugladder.datasets.injection.rewriting import in_place_of, tight
from bugladder.datasets.injection.spots import Operator, Spot

_OFFUTT = "Offutt et al. 1996, sufficient mutant operators"
_MUTMUT = "mutmut; Jia & Harman 2011, survey of mutation testing"
_SMITH = "Yang et al. 2025, SWE-smith, procedural modifications"
_MUTPY = "Derezinska & Halas 2014, mutation operators for Python (MutPy)"

_Kinds = Mapping[type[cst.CSTNode], type[cst.CSTNode]]

_BOUNDARY: _Kinds = {
    cst.LessThan: cst.LessThanEqual,
    cst.LessThanEqual: cst.LessThan,
    cst.GreaterThan: cst.GreaterThanEqual,
    cst.GreaterThanEqual: cst.GreaterThan,
}
_NEGATED: _Kinds = {
    cst.Equal: cst.NotEqual,
    cst.NotEqual: cst.Equal,
    cst.Is: cst.IsNot,
    cst.IsNot: cst.Is,
    cst.In: cst.NotIn,
    cst.NotIn: cst.In,
    cst.LessThan: cst.GreaterThanEqual,
    cst.LessThanEqual: cst.GreaterThan,
    cst.GreaterThan: cst.LessThanEqual,
    cst.GreaterThanEqual: cst.LessThan,
}
_ARITHMETIC: _Kinds = {
    cst.Add: cst.Subtract,
    cst.Subtract: cst.Add,
    cst.Multiply: cst.Add,
    cst.Divide: cst.Multiply,
    cst.FloorDivide: cst.Divide,
    cst.Modulo: cst.FloorDivide,
    cst.Power: cst.Multiply,
    cst.BitAnd: cst.BitOr,
    cst.BitOr: cst.BitAnd,
    cst.LeftShift: cst.RightShift,
    cst.RightShift: cst.LeftShift,
}
_AUGMENTED: _Kinds = {
    cst.AddAssign: cst.SubtractAssign,
    cst.SubtractAssign: cst.AddAssign,
    cst.MultiplyAssign: cst.AddAssign,
    cst.BitAndAssign: cst.BitOrAssign,
    cst.BitOrAssign: cst.BitAndAssign,
    cst.FloorDivideAssign: cst.MultiplyAssign,
}


def _spaced(old: cst.CSTNode, kind: type[cst.CSTNode]) -> cst.CSTNode:
    """A node of another kind with the old operator's blanks."""
    before, after = (getattr(old, f"whitespace_{side}") for side in ("before", "after"))
    return kind(whitespace_before=before, whitespace_after=after)  # type: ignore[call-arg]


def _swapped_comparison(spot: Spot, kinds: _Kinds) -> Iterator[cst.CSTNode]:
    if isinstance(spot.node, cst.ComparisonTarget):
        kind = kinds.get(type(spot.node.operator))
        if kind is not None:
            yield spot.node.with_changes(operator=_spaced(spot.node.operator, kind))


def comparison_boundary(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a < b` to `a <= b`, and the like."""
    return _swapped_comparison(spot, _BOUNDARY)


def comparison_negation(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a in b` to `a not in b`, `a < b` to `a >= b`, and the like."""
    return _swapped_comparison(spot, _NEGATED)


def boolean_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`and` to `or` and back."""
    if isinstance(spot.node, cst.BooleanOperation):
        kind = cst.Or if isinstance(spot.node.operator, cst.And) else cst.And
        yield spot.node.with_changes(operator=_spaced(spot.node.operator, kind))


def boolean_operand_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a and b` to `a`, then to `b`."""
    if isinstance(spot.node, cst.BooleanOperation):
        yield in_place_of(spot.node, spot.node.left)
        yield in_place_of(spot.node, spot.node.right)


def negation_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`not a` to `a`, `-a` to `a`."""
    if isinstance(spot.node, cst.UnaryOperation) and isinstance(spot.node.operator, cst.Not | cst.Minus):
        yield in_place_of(spot.node, spot.node.expression)


def condition_negation(spot: Spot) -> Iterator[cst.CSTNode]:
    """`if a` to `if not a`, also in `while` and conditional expressions."""
    node = spot.node
    if isinstance(node, cst.If | cst.While | cst.IfExp) and not isinstance(node.test, cst.Comparison):
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), tight(node.test)))


def conditional_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a if c else b` to `b if c else a`."""
    if isinstance(spot.node, cst.IfExp):
        yield spot.node.with_changes(body=spot.node.orelse, orelse=spot.node.body)


def conditional_collapse(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a if c else b` to `a`, then to `b`."""
    if isinstance(spot.node, cst.IfExp):
        yield in_place_of(spot.node, spot.node.body)
        yield in_place_of(spot.node, spot.node.orelse)


def arithmetic_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a + b` to `a - b`, and the like; string formatting is left alone."""
    node = spot.node
    if isinstance(node, cst.BinaryOperation) and not isinstance(node.left, cst.BaseString):
        kind = _ARITHMETIC.get(type(node.operator))
        if kind is not None:
            yield node.with_changes(operator=_spaced(node.operator, kind))


def operand_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a - b` to `b - a`, for any binary operator."""
    node = spot.node
    if isinstance(node, cst.BinaryOperation) and not isinstance(node.left, cst.BaseString):
        yield node.with_changes(left=tight(node.right), right=tight(node.left))


def operand_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a + b` to `a`, then to `b`: a broken chain."""
    if isinstance(spot.node, cst.BinaryOperation):
        yield in_place_of(spot.node, spot.node.left)
        yield in_place_of(spot.node, spot.node.right)


def augmented_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a += b` to `a -= b`, and the like."""
    if isinstance(spot.node, cst.AugAssign):
        kind = _AUGMENTED.get(type(spot.node.operator))
        if kind is not None:
            yield spot.node.with_changes(operator=_spaced(spot.node.operator, kind))


def augmented_to_plain(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a += b` to `a = b`."""
    if isinstance(spot.node, cst.AugAssign):
        yield cst.Assign([cst.AssignTarget(spot.node.target)], spot.node.value)


def slice_bound(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a[i:j]` to `a[:j]`, then to `a[i:]`."""
    if isinstance(spot.node, cst.Slice):
        for side in ("lower", "upper"):
            if getattr(spot.node, side) is not None:
                yield spot.node.with_changes(**{side: None})


def index_end(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a[0]` to `a[-1]` and back."""
    node = spot.node
    if not isinstance(node, cst.Index):
        return
    if isinstance(node.value, cst.Integer) and node.value.value == "0":
        yield node.with_changes(value=cst.UnaryOperation(cst.Minus(), cst.Integer("1")))
    if isinstance(node.value, cst.UnaryOperation) and node.value.expression.deep_equals(cst.Integer("1")):
        yield node.with_changes(value=cst.Integer("0"))


def filter_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A comprehension less one of its conditions."""
    if isinstance(spot.node, cst.CompFor):
        for i in range(len(spot.node.ifs)):
            yield spot.node.with_changes(ifs=[c for j, c in enumerate(spot.node.ifs) if j != i])


OPERATORS = (
    Operator("comparison_boundary", f"ROR; {_OFFUTT}", comparison_boundary),
    Operator("comparison_negation", f"ROR; {_OFFUTT}", comparison_negation),
    Operator("boolean_swap", f"LCR; {_OFFUTT}", boolean_swap),
    Operator("boolean_operand_removal", f"LCR; {_OFFUTT}", boolean_operand_removal),
    Operator("negation_removal", f"COD; {_MUTPY}", negation_removal),
    Operator("condition_negation", f"COI; {_MUTPY}", condition_negation),
    Operator("conditional_swap", f"inverted if/else; {_SMITH}", conditional_swap),
    Operator("conditional_collapse", f"removed conditional; {_SMITH}", conditional_collapse),
    Operator("arithmetic_swap", f"AOR; {_OFFUTT}", arithmetic_swap),
    Operator("operand_swap", f"swapped operands; {_SMITH}", operand_swap),
    Operator("operand_removal", f"broken chain; {_SMITH}", operand_removal),
    Operator("augmented_swap", f"ASR; {_MUTPY}", augmented_swap),
    Operator("augmented_to_plain", _MUTMUT, augmented_to_plain),
    Operator("slice_bound", f"SIR; {_MUTPY}", slice_bound),
    Operator("index_end", f"changed constant; {_SMITH}", index_end),
    Operator("filter_removal", f"removed conditional; {_SMITH}", filter_removal),
)
