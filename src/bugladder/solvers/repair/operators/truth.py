"""Operators between identity with None and truth, and between a value and its truth."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_TESTABLE = (cst.Name, cst.Attribute, cst.Subscript, cst.Call)
_TRUTHY = (cst.BooleanOperation, cst.Name, cst.Attribute, cst.Call, cst.Subscript)


def none_test(node: cst.CSTNode) -> tuple[cst.BaseExpression, bool] | None:
    """(x, whether it is `is None`) of `x is None` or `x is not None`, else None."""
    if not isinstance(node, cst.Comparison) or len(node.comparisons) != 1:
        return None
    target = node.comparisons[0]
    if not (isinstance(target.comparator, cst.Name) and target.comparator.value == "None"):
        return None
    if isinstance(target.operator, cst.Is | cst.IsNot):
        return node.left, isinstance(target.operator, cst.Is)
    return None


def _none_test_to_truth(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Comparison):
        found = none_test(node)
        if found is not None:
            subject, is_none = found
            text = f"not {site.operand(subject)}" if is_none else site.operand(subject)
            yield Proposal(node, text, is_loose=is_none)


def _truth_to_none_test(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.UnaryOperation, *_TESTABLE):
        if isinstance(node, cst.UnaryOperation):
            if isinstance(node.operator, cst.Not) and isinstance(node.expression, _TESTABLE):
                yield Proposal(node, f"{site.code(node.expression)} is None", is_loose=True)
        elif site.is_condition(node):
            yield Proposal(node, f"{site.code(node)} is not None", is_loose=True)


def _wrap_bool(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(*_TRUTHY):
        is_bool = isinstance(node, cst.Call) and site.code(node.func) == "bool"
        if isinstance(site.parent(node), cst.Return | cst.Assign | cst.Lambda) and not is_bool:
            yield Proposal(node, f"bool({site.code(node)})")


def _or_default(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(*_TESTABLE):
        if isinstance(site.parent(node), cst.Return | cst.Assign | cst.Arg | cst.For) and site.is_value(node):
            for default in ("()", '""', "{}", "[]"):
                yield Proposal(node, f"{site.code(node)} or {default}", is_loose=True)


OPERATORS = (
    Operator("none_test_to_truth", 1.0, "TBar FP6 (Liu et al. 2019)", _none_test_to_truth),
    Operator(
        "truth_to_none_test", 1.0, "TBar FP6 (Liu et al. 2019); PAR null checker (Kim et al. 2013)", _truth_to_none_test
    ),
    Operator("wrap_bool", 0.9, "TBar FP7, data type (Liu et al. 2019)", _wrap_bool),
    Operator("or_default", 0.4, "PAR null checker (Kim et al. 2013)", _or_default),
)
