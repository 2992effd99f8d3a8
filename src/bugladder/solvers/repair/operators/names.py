"""Replaces a variable by another one of the function."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site, alike

_MAX_ALIKE = 4


def _replace_name(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Name):
        if isinstance(node, cst.Name) and node.value in site.local_names and site.is_value(node):
            for name in alike(node.value, site.local_names, _MAX_ALIKE):
                yield Proposal(node, name)


OPERATORS = (Operator("replace_name", 0.3, "SVR (Offutt et al. 1996); TBar FP13 (Liu et al. 2019)", _replace_name),)
