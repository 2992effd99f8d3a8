"""Operators on calls and names: arguments, wrappers, methods, wrong variables."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import libcst as cst

from bugladder.datasets.injection.rewriting import in_place_of, is_positional, without_argument
from bugladder.datasets.injection.spots import Operator, Spot, walk

_INTERFACE = "Delamaro et al. 2001, interface mutation"
_MISUSE = "Allamanis et al. 2018, VarMisuse"
_DEEPBUGS = "Pradel & Sen 2018, DeepBugs"
_SMITH = "Yang et al. 2025, SWE-smith, procedural modifications"
_COSMIC = "cosmic-ray; Jia & Harman 2011, survey of mutation testing"

_PAIRS = (
    ("lstrip", "rstrip"),
    ("startswith", "endswith"),
    ("upper", "lower"),
    ("find", "rfind"),
    ("index", "rindex"),
    ("split", "rsplit"),
    ("partition", "rpartition"),
    ("ljust", "rjust"),
    ("isdigit", "isalpha"),
    ("append", "extend"),
    ("add", "discard"),
    ("keys", "values"),
    ("union", "intersection"),
    ("match", "search"),
    ("group", "groups"),
    ("min", "max"),
    ("any", "all"),
    ("floor", "ceil"),
)
_METHODS = {
    **{a: b for pair in _PAIRS for a, b in (pair, pair[::-1])},
    "strip": "lstrip",
    "title": "capitalize",
    "casefold": "lower",
    "items": "keys",
    "fullmatch": "match",
    "popleft": "pop",
    "popitem": "clear",
    "setdefault": "get",
    "sorted": "list",
    "reversed": "list",
    "set": "list",
}


def argument_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`f(a, b)` to `f(b, a)`, for each pair of neighbours."""
    node = spot.node
    if not isinstance(node, cst.Call):
        return
    for i, (one, two) in enumerate(pairwise(node.args)):
        if is_positional(one) and is_positional(two) and not one.value.deep_equals(two.value):
            args = list(node.args)
            args[i : i + 2] = [one.with_changes(value=two.value), two.with_changes(value=one.value)]
            yield node.with_changes(args=args)


def argument_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`f(a, b)` to `f(a)`: the last positional of several goes."""
    node = spot.node
    if isinstance(node, cst.Call):
        positional = [i for i, a in enumerate(node.args) if is_positional(a)]
        if len(positional) > 1:
            yield without_argument(node, positional[-1])


def keyword_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`f(a, key=b)` to `f(a)`, for each keyword."""
    node = spot.node
    if isinstance(node, cst.Call):
        for i, argument in enumerate(node.args):
            if argument.keyword is not None:
                yield without_argument(node, i)


def unpacking_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`f(a, *b, **c)` less one of its unpacked arguments."""
    node = spot.node
    if isinstance(node, cst.Call):
        for i, argument in enumerate(node.args):
            if argument.star:
                yield without_argument(node, i)


def call_unwrap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`f(a)` to `a`."""
    node = spot.node
    if isinstance(node, cst.Call) and len(node.args) == 1 and is_positional(node.args[0]):
        yield in_place_of(node, node.args[0].value)


def method_unwrap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`a.f(...)` to `a`."""
    node = spot.node
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        receiver = node.func.value
        if not (isinstance(receiver, cst.Name) and receiver.value in {"self", "cls"}):
            yield in_place_of(node, receiver)


def method_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """A method or built-in of strings, containers or patterns to its sibling (`lstrip` to `rstrip`)."""
    node = spot.node
    if not isinstance(node, cst.Call):
        return
    if isinstance(node.func, cst.Attribute) and node.func.attr.value in _METHODS:
        attr = cst.Name(_METHODS[node.func.attr.value])
        yield node.with_changes(func=node.func.with_changes(attr=attr))
    elif isinstance(node.func, cst.Name) and node.func.value in _METHODS:
        yield node.with_changes(func=cst.Name(_METHODS[node.func.value]))


def attribute_misuse(spot: Spot) -> Iterator[cst.CSTNode]:
    """`self.a` to another attribute of self that the same function uses."""
    node = spot.node
    if spot.function is None or not _is_self_attribute(node):
        return
    names = _self_attributes(spot.function)
    other = _next(names, node.attr.value)  # type: ignore[attr-defined]
    if other is not None:
        yield node.with_changes(attr=cst.Name(other))


def variable_misuse(spot: Spot) -> Iterator[cst.CSTNode]:
    """A parameter used as an operand, argument or result to the next parameter."""
    node = spot.node
    if spot.function is None or not isinstance(node, cst.Arg | cst.Return | cst.Comparison | cst.BinaryOperation):
        return
    names = _parameters(spot.function)
    for side in ("value", "left", "right"):
        operand = getattr(node, side, None)
        other = _next(names, operand.value) if isinstance(operand, cst.Name) else None
        if other is not None:
            yield node.with_changes(**{side: cst.Name(other)})


def _is_self_attribute(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value == "self"


@lru_cache(maxsize=256)
def _self_attributes(function: cst.FunctionDef) -> tuple[str, ...]:
    found = [s.node.attr.value for s in walk(function) if _is_self_attribute(s.node)]  # type: ignore[attr-defined]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=256)
def _parameters(function: cst.FunctionDef) -> tuple[str, ...]:
    params = (*function.params.posonly_params, *function.params.params, *function.params.kwonly_params)
    return tuple(p.name.value for p in params if p.name.value not in {"self", "cls"})


def _next(names: tuple[str, ...], name: str) -> str | None:
    """The name after this one, cyclically; None where there is no other."""
    if name not in names or len(names) < 2:
        return None
    return names[(names.index(name) + 1) % len(names)]


OPERATORS = (
    Operator("argument_swap", f"swapped arguments; {_DEEPBUGS}", argument_swap),
    Operator("argument_removal", _INTERFACE, argument_removal),
    Operator("keyword_removal", _INTERFACE, keyword_removal),
    Operator("unpacking_removal", _INTERFACE, unpacking_removal),
    Operator("call_unwrap", f"removed wrapper; {_SMITH}", call_unwrap),
    Operator("method_unwrap", f"broken chain; {_SMITH}", method_unwrap),
    Operator("method_swap", _COSMIC, method_swap),
    Operator("attribute_misuse", _MISUSE, attribute_misuse),
    Operator("variable_misuse", _MISUSE, variable_misuse),
)
