"""Operators on definitions: decorators, bases, overriding methods, the order of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from bugladder.datasets.injection.rewriting import with_body
from bugladder.datasets.injection.spots import Operator, Spot

_SMITH = "Yang et al. 2025, SWE-smith, procedural modifications"
_MUTPY = "Derezinska & Halas 2014, mutation operators for Python (MutPy)"
_MA = "Ma et al. 2002, inter-class mutation operators"

_NO_EFFECT = {"overload", "abstractmethod", "override", "final"}


def decorator_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A function less one of its decorators."""
    node = spot.node
    if isinstance(node, cst.FunctionDef):
        for i, decorator in enumerate(node.decorators):
            if _last_name(decorator.decorator) not in _NO_EFFECT:
                yield node.with_changes(decorators=[d for j, d in enumerate(node.decorators) if j != i])


def base_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A class less one of its bases."""
    node = spot.node
    if isinstance(node, cst.ClassDef):
        for i in range(len(node.bases)):
            kept = [b for j, b in enumerate(node.bases) if j != i]
            if kept:
                kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            yield node.with_changes(bases=kept)


def method_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A class with bases less one of its methods, so that an inherited one takes over; or less a special method."""
    node = spot.node
    if not isinstance(node, cst.ClassDef) or not isinstance(node.body, cst.IndentedBlock):
        return
    for i, statement in enumerate(node.body.body):
        if isinstance(statement, cst.FunctionDef) and not statement.decorators:
            name = statement.name.value
            if (node.bases or name.startswith("__")) and name != "__init__":
                body = with_body(node.body, [*node.body.body[:i], *node.body.body[i + 1 :]])
                yield node.with_changes(body=body)


def parameter_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """A function with two neighbouring parameters, both with or both without a default, in the other order."""
    node = spot.node
    if not isinstance(node, cst.FunctionDef):
        return
    params = list(node.params.params)
    for i, (one, two) in enumerate(pairwise(params)):
        if (i or one.name.value not in {"self", "cls"}) and (one.default is None) == (two.default is None):
            swapped = [two.with_changes(comma=one.comma), one.with_changes(comma=two.comma)]
            yield node.with_changes(params=node.params.with_changes(params=[*params[:i], *swapped, *params[i + 2 :]]))


def _last_name(expression: cst.BaseExpression) -> str:
    inner = expression.func if isinstance(expression, cst.Call) else expression
    last = inner.attr if isinstance(inner, cst.Attribute) else inner
    return last.value if isinstance(last, cst.Name) else ""


OPERATORS = (
    Operator("decorator_removal", f"DDL; {_MUTPY}", decorator_removal),
    Operator("base_removal", f"removed parent; {_SMITH}", base_removal, reaches_module_level=True),
    Operator("method_removal", f"IOD; {_MA}", method_removal),
    Operator("parameter_swap", f"OAO; {_MA}", parameter_swap),
)
