"""Operators on calls: order and number of arguments, and calls around values."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_WRAPPERS = ("str", "list", "int", "tuple", "sorted", "set", "len", "repr")


def _calls(site: Site) -> Iterator[cst.Call]:
    for node in site.expressions(cst.Call):
        if isinstance(node, cst.Call):
            yield node


def _with_args(site: Site, call: cst.Call, texts: list[str]) -> Proposal:
    return Proposal(call, f"{site.code(call.func)}({', '.join(texts)})")


def _argument(site: Site, arg: cst.Arg) -> str:
    name = f"{arg.keyword.value}=" if arg.keyword is not None else ""
    return f"{arg.star}{name}{site.code(arg.value) if not arg.value.lpar else f'({site.code(arg.value)})'}"


def _swap_arguments(site: Site) -> Iterator[Proposal]:
    for call in _calls(site):
        texts = [_argument(site, a) for a in call.args]
        for i in range(len(texts) - 1):
            if all(a.keyword is None and not a.star for a in call.args[i : i + 2]):
                yield _with_args(site, call, [*texts[:i], texts[i + 1], texts[i], *texts[i + 2 :]])


def _drop_argument(site: Site) -> Iterator[Proposal]:
    for call in _calls(site):
        texts = [_argument(site, a) for a in call.args]
        for i in reversed(range(len(texts))):
            yield _with_args(site, call, [*texts[:i], *texts[i + 1 :]])


def _pass_parameter(site: Site) -> Iterator[Proposal]:
    """Pass on a local that the called function of this file has a parameter for."""
    for call in _calls(site):
        name = site.code(call.func).rpartition(".")[2]
        texts = [_argument(site, a) for a in call.args]
        given = {"self", "cls", *texts, *(a.keyword.value for a in call.args if a.keyword is not None)}
        for parameter in site.vocabulary.functions.get(name, ()):
            if parameter in site.local_names and parameter not in given:
                yield _with_args(site, call, [*texts, f"{parameter}={parameter}"])


def _unwrap_call(site: Site) -> Iterator[Proposal]:
    for call in _calls(site):
        if len(call.args) >= 1 and not call.args[0].star and call.args[0].keyword is None:
            yield Proposal(call, site.code(call.args[0].value), is_loose=True)


def _wrap_call(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Name, cst.Attribute, cst.Subscript, cst.Call):
        above = site.parent(node)
        if isinstance(above, cst.Return | cst.Assign | cst.Arg | cst.ComparisonTarget) and site.is_value(node):
            for wrapper in _WRAPPERS:
                yield Proposal(node, f"{wrapper}({site.code(node)})")


OPERATORS = (
    Operator("swap_arguments", 0.65, "PAR parameter replacer (Kim et al. 2013); TBar FP10", _swap_arguments),
    Operator("pass_parameter", 0.6, "PAR parameter adder (Kim et al. 2013); TBar FP10", _pass_parameter),
    Operator("unwrap_call", 0.5, "TBar FP7 and FP10 (Liu et al. 2019)", _unwrap_call),
    Operator("drop_argument", 0.45, "PAR parameter remover (Kim et al. 2013); TBar FP10", _drop_argument),
    Operator("wrap_call", 0.35, "TBar FP7, data type (Liu et al. 2019)", _wrap_call),
)
