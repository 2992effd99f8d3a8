"""Operators on subscripts: bounds of slices, ends of sequences, lookups that tolerate absence."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_ENDS = {"0": ("-1", "1"), "-1": ("0",), "1": ("0", "2")}


def _parts(site: Site) -> Iterator[tuple[cst.Subscript, cst.BaseSlice]]:
    for node in site.expressions(cst.Subscript):
        if isinstance(node, cst.Subscript) and len(node.slice) == 1:
            yield node, node.slice[0].slice


def _change_end(site: Site) -> Iterator[Proposal]:
    for _, part in _parts(site):
        if isinstance(part, cst.Index):
            for text in _ENDS.get(site.code(part.value), ()):
                yield Proposal(part.value, text)


def _change_bounds(site: Site) -> Iterator[Proposal]:
    for node, part in _parts(site):
        if not isinstance(part, cst.Slice):
            continue
        base = site.operand(node.value)
        lower = site.code(part.lower) if part.lower is not None else ""
        upper = site.code(part.upper) if part.upper is not None else ""
        options = [(lower, ""), ("", upper), ("1", upper), (lower, "-1"), (upper, lower)]
        for first, last in options:
            yield Proposal(node, f"{base}[{first}:{last}]")
        yield Proposal(node, base)


def _lookup_to_get(site: Site) -> Iterator[Proposal]:
    for node, part in _parts(site):
        if isinstance(part, cst.Index) and not site.is_stored(node):
            yield Proposal(node, f"{site.operand(node.value)}.get({site.code(part.value)})")


OPERATORS = (
    Operator(
        "change_end", 0.55, "boundary constants (Jia and Harman 2011); PAR range checker (Kim et al. 2013)", _change_end
    ),
    Operator("change_bounds", 0.5, "PAR range checker (Kim et al. 2013)", _change_bounds),
    Operator("lookup_to_get", 0.4, "PAR range checker (Kim et al. 2013)", _lookup_to_get),
)
