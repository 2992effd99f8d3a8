"""Relational operator replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_BOUNDARY = {"<": ("<=",), "<=": ("<",), ">": (">=",), ">=": (">",)}
_OPPOSITE = {
    "==": ("!=",),
    "!=": ("==",),
    "in": ("not in",),
    "not in": ("in",),
    "is": ("is not",),
    "is not": ("is",),
}
_OTHER = {
    "<": (">", "!="),
    "<=": (">=", "=="),
    ">": ("<", "!="),
    ">=": ("<=", "=="),
    "==": ("in", "is", "<=", ">="),
    "!=": ("not in", "is not", "<", ">"),
    "in": ("==",),
    "not in": ("!=",),
    "is": ("==",),
    "is not": ("!=",),
}


def _swap(table: Mapping[str, tuple[str, ...]]) -> Callable[[Site], Iterable[Proposal]]:
    def propose(site: Site) -> Iterator[Proposal]:
        for node in site.expressions(cst.Comparison):
            for target in node.comparisons if isinstance(node, cst.Comparison) else ():
                for text in table.get(" ".join(site.code(target.operator).split()), ()):
                    yield Proposal(target.operator, text)

    return propose


OPERATORS = (
    Operator("comparison_boundary", 0.75, "ROR (Offutt et al. 1996)", _swap(_BOUNDARY)),
    Operator("comparison_opposite", 0.65, "ROR (Offutt et al. 1996); Debroy and Wong 2010", _swap(_OPPOSITE)),
    Operator("comparison_other", 0.5, "ROR (Offutt et al. 1996); Debroy and Wong 2010", _swap(_OTHER)),
)
