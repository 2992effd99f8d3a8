"""Operators on attributes and methods: another one, a sibling method, or none."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site, alike

_MAX_ALIKE = 6
# Methods of the standard library that differ in strictness, side, case or strategy.
_SIBLINGS: tuple[tuple[str, ...], ...] = (
    ("match", "fullmatch", "search"),
    ("strip", "lstrip", "rstrip"),
    ("startswith", "endswith"),
    ("find", "rfind"),
    ("index", "rindex"),
    ("split", "rsplit"),
    ("partition", "rpartition"),
    ("upper", "lower", "casefold"),
    ("title", "capitalize"),
    ("removeprefix", "removesuffix"),
    ("append", "extend"),
    ("append", "appendleft"),
    ("pop", "popleft"),
    ("add", "update"),
    ("remove", "discard"),
    ("items", "keys", "values"),
    ("get", "setdefault", "pop"),
    ("isdigit", "isdecimal", "isnumeric"),
    ("isalpha", "isalnum"),
    ("union", "intersection", "difference"),
    ("issubset", "issuperset"),
    ("group", "groups"),
    ("start", "end"),
    ("ljust", "rjust"),
    ("read", "readline"),
    ("min", "max"),
    ("floor", "ceil"),
)


def _is_called(site: Site, node: cst.Attribute) -> bool:
    above = site.parent(node)
    return isinstance(above, cst.Call) and above.func is node


def _read_attributes(site: Site) -> Iterator[cst.Attribute]:
    for node in site.expressions(cst.Attribute):
        if isinstance(node, cst.Attribute) and not site.is_stored(node):
            yield node


def _replace_attribute(site: Site) -> Iterator[Proposal]:
    for node in _read_attributes(site):
        known = site.vocabulary.attributes.get((site.code(node.value), _is_called(site, node)), ())
        for name in alike(node.attr.value, known, _MAX_ALIKE):
            yield Proposal(node.attr, name)


def _replace_method(site: Site) -> Iterator[Proposal]:
    for node in _read_attributes(site):
        names = [n for group in _SIBLINGS if node.attr.value in group for n in group if n != node.attr.value]
        for name in dict.fromkeys(names):
            yield Proposal(node.attr, name)


def _drop_attribute(site: Site) -> Iterator[Proposal]:
    for node in _read_attributes(site):
        # the whole object in place of one of its own fields is never meant
        is_own = site.code(node.value) in {"self", "cls"}
        if not is_own and not _is_called(site, node) and not isinstance(site.parent(node), cst.Decorator):
            yield Proposal(node, site.code(node.value))


def _drop_method_call(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Call):
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            yield Proposal(node, site.code(node.func.value))


OPERATORS = (
    Operator(
        "replace_attribute",
        1.0,
        "TBar FP13 (Liu et al. 2019); PAR method replacer (Kim et al. 2013)",
        _replace_attribute,
    ),
    Operator(
        "replace_method", 1.0, "PAR method replacer (Kim et al. 2013); TBar FP10 (Liu et al. 2019)", _replace_method
    ),
    Operator("drop_attribute", 0.9, "TBar FP13 (Liu et al. 2019)", _drop_attribute),
    Operator("drop_method_call", 0.6, "TBar FP10 (Liu et al. 2019); Elixir (Saha et al. 2017)", _drop_method_call),
)
