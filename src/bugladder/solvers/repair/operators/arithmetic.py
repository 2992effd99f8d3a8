"""Operators on arithmetic: another operator, another sign, one more or less."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_BINARY = {
    "+": ("-",),
    "-": ("+",),
    "*": ("/", "+", "**"),
    "/": ("//", "*"),
    "//": ("/", "%"),
    "%": ("//",),
    "**": ("*",),
    "<<": (">>",),
    ">>": ("<<",),
    "&": ("|", "^"),
    "|": ("&", "^"),
    "^": ("&", "|"),
}
_AUGMENTED = {
    "+=": ("-=", "="),
    "-=": ("+=", "="),
    "*=": ("/=", "="),
    "/=": ("*=", "//="),
    "//=": ("/=",),
    "%=": ("//=",),
    "|=": ("&=", "="),
    "&=": ("|=", "="),
}
_COUNTING = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.BinaryOperation)


def _binary(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.BinaryOperation):
        if isinstance(node, cst.BinaryOperation) and not isinstance(node.left, cst.BaseString):
            for text in _BINARY.get(site.code(node.operator).strip(), ()):
                yield Proposal(node, f"{site.operand(node.left)} {text} {site.operand(node.right)}", is_loose=True)


def _swap_operands(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.BinaryOperation):
        if isinstance(node, cst.BinaryOperation) and not isinstance(node.operator, cst.Multiply):
            text = f"{site.operand(node.right)} {site.code(node.operator).strip()} {site.operand(node.left)}"
            yield Proposal(node, text, is_loose=True)


def _augmented(site: Site) -> Iterator[Proposal]:
    if isinstance(site.node, cst.AugAssign):
        for text in _AUGMENTED.get(site.code(site.node.operator).strip(), ()):
            yield Proposal(site.node.operator, text)


def _accumulate(site: Site) -> Iterator[Proposal]:
    if isinstance(site.node, cst.Assign) and len(site.node.targets) == 1:
        target = site.node.targets[0].target
        if isinstance(target, cst.Name | cst.Attribute | cst.Subscript):
            for operator in ("+=", "-="):
                yield Proposal(site.node, f"{site.code(target)} {operator} {site.code(site.node.value)}")


def _drop_term(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.BinaryOperation):
        if isinstance(node, cst.BinaryOperation):
            yield Proposal(node, site.code(node.left), is_loose=True)
            yield Proposal(node, site.code(node.right), is_loose=True)


def _drop_sign(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.UnaryOperation):
        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus | cst.Plus | cst.BitInvert):
            yield Proposal(node, site.code(node.expression), is_loose=True)


def _one_off(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(*_COUNTING):
        above = site.parent(node)
        is_counted = isinstance(above, cst.Comparison | cst.ComparisonTarget | cst.Slice | cst.Index)
        if isinstance(above, cst.Arg):
            call = site.parent(above)
            is_counted = isinstance(call, cst.Call) and site.code(call.func) == "range"
        if is_counted:
            yield Proposal(node, f"{site.operand(node)} + 1", is_loose=True)
            yield Proposal(node, f"{site.operand(node)} - 1", is_loose=True)


OPERATORS = (
    Operator("arithmetic_operator", 0.65, "AOR (Offutt et al. 1996); Debroy and Wong 2010", _binary),
    Operator("augmented_operator", 0.6, "AOR (Offutt et al. 1996); Debroy and Wong 2010", _augmented),
    Operator("accumulate", 0.35, "Debroy and Wong 2010; TBar FP8 (Liu et al. 2019)", _accumulate),
    Operator("drop_sign", 0.6, "UOI reversed (Offutt et al. 1996)", _drop_sign),
    Operator("swap_operands", 0.5, "GenProg swap (Le Goues et al. 2012)", _swap_operands),
    Operator("drop_term", 0.5, "UOI reversed (Offutt et al. 1996); TBar FP8", _drop_term),
    Operator("one_off", 0.45, "UOI (Offutt et al. 1996); TBar FP8", _one_off),
)
