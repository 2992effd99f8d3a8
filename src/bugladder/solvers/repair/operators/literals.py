"""Operators on literals: truth values, numbers, and strings that the file uses elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_OPPOSITES = {"True": "False", "False": "True"}


def _flip_truth(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Name):
        if isinstance(node, cst.Name) and node.value in _OPPOSITES:
            yield Proposal(node, _OPPOSITES[node.value])


def _swap_none(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Name):
        if (
            isinstance(node, cst.Name)
            and node.value == "None"
            and isinstance(site.parent(node), cst.Return | cst.Assign)
        ):
            for text in ("False", '""', "[]", "{}"):
                yield Proposal(node, text)
    if isinstance(site.node, cst.Return) and site.node.value is not None and site.code(site.node.value) != "None":
        yield Proposal(site.node.value, "None")


def _shift_number(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Integer):
        if isinstance(node, cst.Integer) and node.value.isdecimal():
            value = int(node.value)
            # a minus sign in front belongs to the number: shift what the reader sees
            for other in dict.fromkeys((value + 1, value - 1, 0, 1)):
                if other != value and other >= 0:
                    yield Proposal(node, str(other))
            if value:
                yield Proposal(node, f"-{node.value}", is_loose=True)


def _change_string(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.SimpleString):
        if isinstance(node, cst.SimpleString):
            quote = node.quote
            body = node.raw_value
            if body:
                for other in (body.strip(), body.lower(), body.upper(), ""):
                    if other != body:
                        yield Proposal(node, f"{node.prefix}{quote}{other}{quote}")
            else:
                yield Proposal(node, f"{node.prefix}{quote} {quote}")


OPERATORS = (
    Operator("flip_truth", 0.65, "constant replacement (Jia and Harman 2011); TBar FP9", _flip_truth),
    Operator("shift_number", 0.4, "boundary constants (Jia and Harman 2011); TBar FP9", _shift_number),
    Operator("swap_none", 0.3, "return values (Jia and Harman 2011); TBar FP12", _swap_none),
    Operator("change_string", 0.25, "constant replacement (Jia and Harman 2011); TBar FP9", _change_string),
)
