"""Operators on whole statements: order, flow, absence and shelter."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.solvers.repair.operators.site import Operator, Proposal, Site

_STEP = "    "


def _swap_jump(site: Site) -> Iterator[Proposal]:
    if isinstance(site.node, cst.Break):
        yield Proposal(site.node, "continue")
        yield Proposal(site.node, "pass")
    elif isinstance(site.node, cst.Continue):
        yield Proposal(site.node, "break")
        yield Proposal(site.node, "pass")


def _change_yield(site: Site) -> Iterator[Proposal]:
    for node in site.expressions(cst.Yield):
        if isinstance(node, cst.Yield) and node.value is not None:
            if isinstance(node.value, cst.From):
                yield Proposal(node, f"yield {site.code(node.value.item)}", is_loose=True)
            else:
                yield Proposal(node, f"yield from {site.operand(node.value)}", is_loose=True)


def _add_return(site: Site) -> Iterator[Proposal]:
    """Hand back a value that is computed and dropped."""
    if isinstance(site.node, cst.Expr) and isinstance(site.node.value, cst.Call):
        yield Proposal(site.node, f"return {site.code(site.node.value)}")


def _swap_with_next(site: Site) -> Iterator[Proposal]:
    line = site.parent(site.node)
    if not isinstance(line, cst.SimpleStatementLine):
        return
    block = site.parent(line)
    siblings = list(block.body) if isinstance(block, cst.IndentedBlock) else []
    place = next((i for i, s in enumerate(siblings) if s is line), len(siblings))
    following = siblings[place + 1] if place + 1 < len(siblings) else None
    indent = site.file.indent(line)
    if isinstance(following, cst.SimpleStatementLine) and indent is not None:
        # two proposals cannot be one edit unless they touch: the span from one to the other is replaced
        yield Proposal(block, _swapped(site, block, line, following))


def _swapped(site: Site, block: cst.CSTNode, one: cst.CSTNode, two: cst.CSTNode) -> str:
    start, end = site.file.span(block)
    (a, b), (c, d) = site.file.span(one), site.file.span(two)
    content = site.file.content
    parts = (content[start:a], content[c:d], content[b:c], content[a:b], content[d:end])
    return b"".join(parts).decode("utf-8")


def _swap_bodies(site: Site) -> Iterator[Proposal]:
    node = site.node
    if not (isinstance(node, cst.If) and isinstance(node.orelse, cst.Else)):
        return
    (start, end), (a, b), (c, d) = (site.file.span(n) for n in (node, node.body, node.orelse.body))
    content = site.file.content
    parts = (content[start:a], content[c:d], content[b:c], content[a:b], content[d:end])
    yield Proposal(node, b"".join(parts).decode("utf-8"))


def _guard_none(site: Site) -> Iterator[Proposal]:
    """Leave the function early where a name that the statement looks into is None."""
    indent = site.file.indent(site.node)
    if indent is None or site.statement.function is None or isinstance(site.parent(site.node), cst.If):
        return
    bases = [
        n.value for n in site.expressions(cst.Attribute, cst.Subscript) if isinstance(n, cst.Attribute | cst.Subscript)
    ]
    names = [site.code(b) for b in bases if isinstance(b, cst.Name) and b.value in site.local_names]
    for name in dict.fromkeys(n for n in names if n not in {"self", "cls"}):
        yield Proposal(site.node, f"if {name} is None:\n{indent}{_STEP}return None\n{indent}{site.code(site.node)}")


def _delete(site: Site) -> Iterator[Proposal]:
    if isinstance(site.node, cst.BaseSmallStatement):
        yield Proposal(site.node, "pass")


def _shelter(site: Site) -> Iterator[Proposal]:
    indent = site.file.indent(site.node)
    line = site.parent(site.node)
    if indent is None or not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return
    text = f"try:\n{indent}{_STEP}{site.code(site.node)}\n{indent}except Exception:\n{indent}{_STEP}pass"
    yield Proposal(site.node, text)


OPERATORS = (
    Operator("swap_jump", 0.55, "statement mutation (Jia and Harman 2011)", _swap_jump),
    Operator("change_yield", 0.5, "TBar FP12 (Liu et al. 2019)", _change_yield),
    Operator("swap_bodies", 0.45, "GenProg swap (Le Goues et al. 2012)", _swap_bodies),
    Operator("add_return", 0.4, "TBar FP12 (Liu et al. 2019)", _add_return),
    Operator("swap_with_next", 0.35, "GenProg swap (Le Goues et al. 2012); TBar FP14", _swap_with_next),
    Operator("guard_none", 0.25, "PAR null checker (Kim et al. 2013); TBar FP2", _guard_none),
    Operator("delete_statement", 0.2, "GenProg delete (Le Goues et al. 2012); Kali (Qi et al. 2015)", _delete),
    Operator("shelter_statement", 0.15, "TBar FP3 reversed (Liu et al. 2019)", _shelter),
)
