"""An operator of second order: two different first-order edits in one function, which no single edit undoes."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.datasets.injection import calls, constants, expressions, statements
from bugladder.datasets.injection.rewriting import replaced
from bugladder.datasets.injection.spots import Operator, Spot, walk

_First = tuple[str, cst.CSTNode, cst.CSTNode]
_MOST = 4
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
    couples = [c for i in range(len(firsts)) if (c := _couple(firsts, i)) is not None]
    # a long function offers hundreds: a few, spread over it, are enough and keep the search for sites quick
    for one, two in couples[:: max(1, len(couples) // _MOST)][:_MOST]:
        yield replaced(spot.node, [one[1:], two[1:]])


def _couple(firsts: list[_First], start: int) -> tuple[_First, _First] | None:
    """An edit with the next one of another operator that stands outside of it."""
    one = firsts[start]
    inside = {id(spot.node) for spot in walk(one[1])}
    for two in firsts[start + 1 :]:
        if two[0] != one[0] and id(two[1]) not in inside:
            return one, two
    return None


def _first_edits(function: cst.FunctionDef) -> list[_First]:
    """The first edit that each part offers at each node of a function."""
    found = []
    for spot in walk(function):
        for operator in _PARTS:
            new = next(iter(operator.edits(spot)), None)
            if new is not None:
                found.append((operator.name, spot.node, new))
    return found


OPERATORS = (Operator("second_order", _JIA, second_order),)
