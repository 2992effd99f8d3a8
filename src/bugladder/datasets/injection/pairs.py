"""An operator of second order: two different first-order edits in one function, which no single edit undoes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from bugladder.datasets.injection import calls, constants, expressions, statements
from bugladder.datasets.injection.rewriting import replaced
from bugladder.datasets.injection.spots import Operator, Spot, walk

_JIA = "Jia & Harman 2009, higher order mutation testing"

# one part each for logic, bounds, data and calls, so that the two halves are of different kinds
_PARTS = (
    *expressions.OPERATORS[:4],
    *(
        o
        for o in expressions.OPERATORS
        if o.name in {"arithmetic_swap", "slice_bound", "index_end", "augmented_to_plain"}
    ),
    *(o for o in constants.OPERATORS if o.name in {"number_shift", "string_cut", "truth_flip"}),
    *(o for o in calls.OPERATORS if o.name in {"argument_swap", "keyword_removal", "method_swap"}),
    *(o for o in statements.OPERATORS if o.name in {"leap_swap", "return_none"}),
)


def second_order(spot: Spot) -> Iterator[cst.CSTNode]:
    """A function with two edits of different operators, at neighbouring places of which none holds the other."""
    if not isinstance(spot.node, cst.FunctionDef):
        return
    firsts = _first_edits(spot.node)
    for (name, old, new), (other, old2, new2) in pairwise(firsts):
        if name != other and not _holds(old, old2):
            yield replaced(spot.node, [(old, new), (old2, new2)])


def _first_edits(function: cst.FunctionDef) -> list[tuple[str, cst.CSTNode, cst.CSTNode]]:
    """The first edit that each part offers at each node of a function."""
    found = []
    for spot in walk(function):
        for operator in _PARTS:
            new = next(iter(operator.edits(spot)), None)
            if new is not None:
                found.append((operator.name, spot.node, new))
    return found


def _holds(outer: cst.CSTNode, later: cst.CSTNode) -> bool:
    """True where a node that comes later in the text (or is the same) stands inside the first."""
    return any(spot.node is later for spot in walk(outer))


OPERATORS = (Operator("second_order", _JIA, second_order),)
