"""Operators on the types of exceptions that are raised and caught."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_SIBLINGS = {
    "ValueError": ("TypeError", "KeyError", "IndexError"),
    "TypeError": ("ValueError", "AttributeError"),
    "KeyError": ("IndexError", "LookupError", "AttributeError", "ValueError"),
    "IndexError": ("KeyError", "LookupError", "ValueError"),
    "AttributeError": ("TypeError", "KeyError"),
    "RuntimeError": ("ValueError", "TypeError"),
    "NotImplementedError": ("TypeError", "RuntimeError"),
    "Exception": ("ValueError", "TypeError", "KeyError"),
    "OSError": ("ValueError", "RuntimeError"),
    "StopIteration": ("IndexError", "ValueError"),
}
_EXTRA = ("TypeError", "ValueError", "KeyError", "AttributeError")


def _replace_raised(site: Site) -> Iterator[Proposal]:
    if isinstance(site.node, cst.Raise) and site.node.exc is not None:
        raised = site.node.exc.func if isinstance(site.node.exc, cst.Call) else site.node.exc
        for name in _SIBLINGS.get(site.code(raised), ()):
            yield Proposal(raised, name)


def _widen_caught(site: Site) -> Iterator[Proposal]:
    if isinstance(site.node, cst.ExceptHandler) and site.node.type is not None:
        caught = site.node.type
        names = [site.code(e.value) for e in caught.elements] if isinstance(caught, cst.Tuple) else [site.code(caught)]
        for extra in _EXTRA:
            if extra not in names:
                # the loose form brings the parentheses that a tuple needs here
                yield Proposal(caught, ", ".join([*names, extra]), is_loose=True)
        if names != ["Exception"]:
            yield Proposal(caught, "Exception", is_loose=True)


def _replace_caught(site: Site) -> Iterator[Proposal]:
    if isinstance(site.node, cst.ExceptHandler) and site.node.type is not None:
        for name in _SIBLINGS.get(site.code(site.node.type), ()):
            yield Proposal(site.node.type, name)


OPERATORS = (
    Operator("replace_raised", 0.55, "TBar FP1 and FP13 (Liu et al. 2019); EXS (Jia and Harman 2011)", _replace_raised),
    Operator("widen_caught", 0.5, "TBar FP3 (Liu et al. 2019)", _widen_caught),
    Operator("replace_caught", 0.45, "TBar FP13 (Liu et al. 2019)", _replace_caught),
)
