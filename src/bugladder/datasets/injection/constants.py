"""Operators on constants: numbers, truth values, strings, regular expressions, default arguments."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.datasets.injection.spots import Operator, Spot

_MUTMUT = "mutmut; Jia & Harman 2011, survey of mutation testing"
_SMITH = "Yang et al. 2025, SWE-smith, procedural modifications"
_MUTREX = "Arcaini et al. 2017, MutRex: mutation of regular expressions"
_INTERFACE = "Delamaro et al. 2001, interface mutation"

_FLIPPED = {"True": "False", "False": "True"}


def number_shift(spot: Spot) -> Iterator[cst.CSTNode]:
    """An integer one up, then one down (not below zero)."""
    if isinstance(spot.node, cst.Integer):
        value = spot.node.evaluated_value
        yield spot.node.with_changes(value=str(value + 1))
        if value > 0:
            yield spot.node.with_changes(value=str(value - 1))


def truth_flip(spot: Spot) -> Iterator[cst.CSTNode]:
    """`True` to `False` and back."""
    if isinstance(spot.node, cst.Name) and spot.node.value in _FLIPPED:
        yield spot.node.with_changes(value=_FLIPPED[spot.node.value])


def string_cut(spot: Spot) -> Iterator[cst.CSTNode]:
    """A plain string less its last character, then less its first."""
    node = spot.node
    if isinstance(node, cst.SimpleString) and "\\" not in node.value and node.raw_value:
        yield _with_text(node, node.raw_value[:-1])
        if len(node.raw_value) > 1:
            yield _with_text(node, node.raw_value[1:])


def pattern_change(spot: Spot) -> Iterator[cst.CSTNode]:
    """A raw string with one quantifier swapped, or one quantifier or anchor dropped."""
    node = spot.node
    if isinstance(node, cst.SimpleString) and "r" in node.prefix:
        for start, new in _pattern_edits(node.raw_value):
            yield _with_text(node, node.raw_value[:start] + new + node.raw_value[start + 1 :])


def default_change(spot: Spot) -> Iterator[cst.CSTNode]:
    """Another default of a parameter: the other truth value, a number one up, an empty string, no None."""
    node = spot.node
    if not isinstance(node, cst.Param) or node.default is None:
        return
    default = node.default
    if isinstance(default, cst.Name) and default.value in _FLIPPED:
        yield node.with_changes(default=cst.Name(_FLIPPED[default.value]))
    elif isinstance(default, cst.Integer):
        yield node.with_changes(default=cst.Integer(str(default.evaluated_value + 1)))
    elif isinstance(default, cst.SimpleString) and default.raw_value:
        yield node.with_changes(default=_with_text(default, ""))
    elif isinstance(default, cst.Name) and default.value == "None":
        yield node.with_changes(default=cst.Integer("0"))


def format_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`{a!r}` or `{a:02}` in an f-string to `{a}`."""
    if isinstance(spot.node, cst.FormattedStringExpression) and (spot.node.conversion or spot.node.format_spec):
        yield spot.node.with_changes(conversion=None, format_spec=None)


def _with_text(node: cst.SimpleString, text: str) -> cst.SimpleString:
    return node.with_changes(value=f"{node.prefix}{node.quote}{text}{node.quote}")


def _pattern_edits(pattern: str) -> Iterator[tuple[int, str]]:
    """Position and replacement of each editable character outside escapes, classes and group heads."""
    in_class = False
    skip = 0
    for i, char in enumerate(pattern):
        if i < skip:
            continue
        if char == "\\":
            skip = i + 2
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            skip = i + (3 if pattern[i + 1 : i + 2] == "^" else 2)
        elif pattern.startswith("(?", i):
            skip = i + 2
        elif char in "*+":
            yield i, "+" if char == "*" else "*"
        elif char in "?^$":
            yield i, ""


OPERATORS = (
    Operator("number_shift", f"CRP; {_MUTMUT}", number_shift),
    Operator("truth_flip", f"changed constant; {_SMITH}", truth_flip),
    Operator("string_cut", f"changed constant; {_SMITH}", string_cut),
    Operator("pattern_change", _MUTREX, pattern_change, reaches_module_level=True),
    Operator("default_change", _INTERFACE, default_change),
    Operator("format_removal", f"removed wrapper; {_SMITH}", format_removal),
)
