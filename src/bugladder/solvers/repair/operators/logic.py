"""Operators on boolean structure: connectors, negations, operands and conditional expressions."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_BUILTIN_PAIRS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_MAX_DONORS = 4


def _swap_connector(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.BooleanOperation):
        if isinstance(node, cst.BooleanOperation):
            other: cst.BaseBooleanOp = cst.Or() if isinstance(node.operator, cst.And) else cst.And()
            yield Proposal(node, site.render(node.with_changes(operator=other)), is_loose=True)


def _drop_operand(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.BooleanOperation):
        if isinstance(node, cst.BooleanOperation):
            yield Proposal(node, site.code(node.left), is_loose=True)
            yield Proposal(node, site.code(node.right), is_loose=True)


def _drop_negation(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.UnaryOperation):
        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
            yield Proposal(node, site.code(node.expression), is_loose=True)


def _conditions(site: Site) -> Iterator[cst.BaseExpression]:
    for node in site.statement.expressions:
        if site.is_condition(node):
            yield node


def _negate_condition(site: Site) -> Iterator[Proposal]:
    for node in _conditions(site):
        yield Proposal(node, f"not {site.operand(node)}", is_loose=True)


def _negate_result(site: Site) -> Iterator[Proposal]:
    for node in site.statement.expressions:
        if isinstance(site.parent(node), cst.Return) and not isinstance(node, cst.Tuple | cst.BaseString):
            yield Proposal(node, f"not {site.operand(node)}", is_loose=True)


def _combine_condition(site: Site) -> Iterator[Proposal]:
    donors = site.vocabulary.conditions.get(site.statement.function, ())
    for node in _conditions(site):
        if isinstance(site.parent(node), cst.If | cst.While):
            for donor in [d for d in donors if d != site.code(node)][:_MAX_DONORS]:
                yield Proposal(node, f"{site.operand(node)} and ({donor})", is_loose=True)
                yield Proposal(node, f"{site.operand(node)} or ({donor})", is_loose=True)


def _constant_condition(site: Site) -> Iterator[Proposal]:
    for node in _conditions(site):
        if isinstance(site.parent(node), cst.If | cst.IfExp | cst.CompIf):
            yield Proposal(node, "True")
            yield Proposal(node, "False")


def _swap_branches(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.IfExp):
        if isinstance(node, cst.IfExp):
            yield Proposal(node, site.render(node.with_changes(body=node.orelse, orelse=node.body)), is_loose=True)


def _swap_builtin(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Call):
        if isinstance(node, cst.Call) and site.code(node.func) in _BUILTIN_PAIRS:
            yield Proposal(node.func, _BUILTIN_PAIRS[site.code(node.func)])


OPERATORS = (
    Operator("swap_connector", 0.7, "LCR (Offutt et al. 1996)", _swap_connector),
    Operator("drop_negation", 0.7, "UOI reversed (Offutt et al. 1996); Debroy and Wong 2010", _drop_negation),
    Operator("swap_builtin", 0.6, "PAR method replacer (Kim et al. 2013)", _swap_builtin),
    Operator("swap_branches", 0.6, "GenProg swap (Le Goues et al. 2012)", _swap_branches),
    Operator("drop_operand", 0.6, "PAR expression remover (Kim et al. 2013); TBar FP6", _drop_operand),
    Operator("negate_result", 0.35, "UOI (Offutt et al. 1996)", _negate_result),
    Operator("negate_condition", 0.3, "UOI (Offutt et al. 1996); Debroy and Wong 2010", _negate_condition),
    Operator("combine_condition", 0.25, "PAR expression adder (Kim et al. 2013); TBar FP6", _combine_condition),
    Operator("constant_condition", 0.2, "SPR (Long and Rinard 2015); Kali (Qi et al. 2015)", _constant_condition),
)
