"""Operators on compound statements: branches, loops, exception handlers, contexts."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from bugladder.datasets.injection.rewriting import last_small, spliced, tight, with_body
from bugladder.datasets.injection.spots import Operator, Spot

_SMITH = "Yang et al. 2025, SWE-smith, procedural modifications"
_MUTPY = "Derezinska & Halas 2014, mutation operators for Python (MutPy)"
_EXCEPTIONS = "Kim et al. 2000, class mutation (exceptions)"

_LEAVING = (cst.Return, cst.Raise, cst.Continue, cst.Break)
_OTHER_EXCEPTION = {
    "ValueError": "KeyError",
    "KeyError": "IndexError",
    "IndexError": "KeyError",
    "TypeError": "ValueError",
    "AttributeError": "TypeError",
    "StopIteration": "IndexError",
    "OverflowError": "ValueError",
    "UnicodeDecodeError": "KeyError",
    "UnicodeEncodeError": "KeyError",
    "ImportError": "ValueError",
    "OSError": "ValueError",
    "RuntimeError": "TypeError",
    "LookupError": "ValueError",
    "Exception": "ValueError",
}


def guard_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block less an `if` without else that leaves the block."""
    for block, i, node in _ifs(spot):
        if node.orelse is None and isinstance(last_small(node.body), _LEAVING):
            yield with_body(block, [*block.body[:i], *block.body[i + 1 :]])


def if_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block less an `if` with all its branches, where it does not leave the block."""
    for block, i, node in _ifs(spot):
        if not isinstance(last_small(node.body), _LEAVING):
            yield with_body(block, [*block.body[:i], *block.body[i + 1 :]])


def condition_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`if a: b` to `b`, whatever else there is."""
    for block, i, node in _ifs(spot):
        yield with_body(block, [*block.body[:i], *spliced(node.body), *block.body[i + 1 :]])


def else_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """An `if` or loop less its `else`."""
    if isinstance(spot.node, cst.If | cst.For | cst.While) and isinstance(spot.node.orelse, cst.Else):
        yield spot.node.with_changes(orelse=None)


def elif_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """An `if` less its first `elif`; what follows moves up."""
    if isinstance(spot.node, cst.If) and isinstance(spot.node.orelse, cst.If):
        yield spot.node.with_changes(orelse=spot.node.orelse.orelse)


def branch_swap(spot: Spot) -> Iterator[cst.CSTNode]:
    """The bodies of `if` and `else` exchanged."""
    node = spot.node
    if isinstance(node, cst.If) and isinstance(node.orelse, cst.Else):
        yield node.with_changes(body=node.orelse.body, orelse=node.orelse.with_changes(body=node.body))


def loop_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A block less one of its loops."""
    block = spot.node
    if isinstance(block, cst.IndentedBlock) and spot.function is not None:
        for i, statement in enumerate(block.body):
            if isinstance(statement, cst.For | cst.While):
                yield with_body(block, [*block.body[:i], *block.body[i + 1 :]])


def loop_once(spot: Spot) -> Iterator[cst.CSTNode]:
    """A `for` loop that ends after its first round."""
    node = spot.node
    if not isinstance(node, cst.For) or not isinstance(node.body, cst.IndentedBlock):
        return
    if not isinstance(last_small(node.body), _LEAVING):
        end = cst.SimpleStatementLine([cst.Break()])
        yield node.with_changes(body=with_body(node.body, [*node.body.body, end]))


def loop_reversal(spot: Spot) -> Iterator[cst.CSTNode]:
    """`for a in b` to `for a in reversed(list(b))`."""
    if isinstance(spot.node, cst.For | cst.CompFor) and not spot.node.asynchronous:
        inner = cst.Call(cst.Name("list"), [cst.Arg(tight(spot.node.iter))])
        yield spot.node.with_changes(iter=cst.Call(cst.Name("reversed"), [cst.Arg(inner)]))


def loop_body_cut(spot: Spot) -> Iterator[cst.CSTNode]:
    """A loop less the first, then less the last statement of its body."""
    node = spot.node
    if isinstance(node, cst.For | cst.While) and isinstance(node.body, cst.IndentedBlock):
        statements = list(node.body.body)
        if len(statements) > 1:
            yield node.with_changes(body=with_body(node.body, statements[1:]))
            yield node.with_changes(body=with_body(node.body, statements[:-1]))


def try_unwrap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`try: a` with its handlers to `a`."""
    block = spot.node
    if isinstance(block, cst.IndentedBlock) and spot.function is not None:
        for i, statement in enumerate(block.body):
            if isinstance(statement, cst.Try):
                yield with_body(block, [*block.body[:i], *spliced(statement.body), *block.body[i + 1 :]])


def with_unwrap(spot: Spot) -> Iterator[cst.CSTNode]:
    """`with a: b` to `b`, where the context has no name."""
    block = spot.node
    if isinstance(block, cst.IndentedBlock) and spot.function is not None:
        for i, statement in enumerate(block.body):
            if isinstance(statement, cst.With) and all(item.asname is None for item in statement.items):
                yield with_body(block, [*block.body[:i], *spliced(statement.body), *block.body[i + 1 :]])


def handler_reraise(spot: Spot) -> Iterator[cst.CSTNode]:
    """An exception handler that only raises again."""
    if isinstance(spot.node, cst.ExceptHandler) and not isinstance(last_small(spot.node.body), cst.Raise):
        yield spot.node.with_changes(body=cst.IndentedBlock([cst.SimpleStatementLine([cst.Raise()])]))


def handler_swallow(spot: Spot) -> Iterator[cst.CSTNode]:
    """An exception handler that does nothing."""
    if isinstance(spot.node, cst.ExceptHandler) and not isinstance(last_small(spot.node.body), cst.Pass):
        yield spot.node.with_changes(body=cst.IndentedBlock([cst.SimpleStatementLine([cst.Pass()])]))


def caught_type(spot: Spot) -> Iterator[cst.CSTNode]:
    """`except A` to another exception; `except (A, B)` less one of them."""
    node = spot.node
    if not isinstance(node, cst.ExceptHandler):
        return
    if isinstance(node.type, cst.Name) and node.type.value in _OTHER_EXCEPTION:
        yield node.with_changes(type=cst.Name(_OTHER_EXCEPTION[node.type.value]))
    if isinstance(node.type, cst.Tuple) and len(node.type.elements) > 1:
        for i in range(len(node.type.elements)):
            kept = [e.with_changes(comma=cst.Comma()) for j, e in enumerate(node.type.elements) if j != i]
            yield node.with_changes(type=node.type.with_changes(elements=kept))


def raised_type(spot: Spot) -> Iterator[cst.CSTNode]:
    """`raise A(...)` to another built-in exception."""
    node = spot.node
    if isinstance(node, cst.Raise) and isinstance(node.exc, cst.Call) and isinstance(node.exc.func, cst.Name):
        name = _OTHER_EXCEPTION.get(node.exc.func.value)
        if name is not None:
            yield node.with_changes(exc=node.exc.with_changes(func=cst.Name(name)))


def finally_removal(spot: Spot) -> Iterator[cst.CSTNode]:
    """A `try` with handlers less its `finally`."""
    if isinstance(spot.node, cst.Try) and spot.node.finalbody is not None and spot.node.handlers:
        yield spot.node.with_changes(finalbody=None)


def _ifs(spot: Spot) -> Iterator[tuple[cst.IndentedBlock, int, cst.If]]:
    """The `if` statements that stand directly in a function's block, with their positions."""
    block = spot.node
    if isinstance(block, cst.IndentedBlock) and spot.function is not None:
        for i, statement in enumerate(block.body):
            if isinstance(statement, cst.If):
                yield block, i, statement


OPERATORS = (
    Operator("guard_removal", f"removed conditional; {_SMITH}", guard_removal),
    Operator("if_removal", f"removed conditional; {_SMITH}", if_removal),
    Operator("condition_removal", f"removed wrapper; {_SMITH}", condition_removal),
    Operator("else_removal", f"removed conditional; {_SMITH}", else_removal),
    Operator("elif_removal", f"removed conditional; {_SMITH}", elif_removal),
    Operator("branch_swap", f"inverted if/else; {_SMITH}", branch_swap),
    Operator("loop_removal", f"removed loop; {_SMITH}", loop_removal),
    Operator("loop_once", f"OIL; {_MUTPY}", loop_once),
    Operator("loop_reversal", f"RIL; {_MUTPY}", loop_reversal),
    Operator("loop_body_cut", f"removed loop part; {_SMITH}", loop_body_cut),
    Operator("try_unwrap", f"removed wrapper; {_SMITH}", try_unwrap),
    Operator("with_unwrap", f"removed wrapper; {_SMITH}", with_unwrap),
    Operator("handler_reraise", f"EHD; {_MUTPY}", handler_reraise),
    Operator("handler_swallow", f"EXS; {_MUTPY}", handler_swallow),
    Operator("caught_type", f"EHC; {_EXCEPTIONS}", caught_type),
    Operator("raised_type", _EXCEPTIONS, raised_type),
    Operator("finally_removal", _EXCEPTIONS, finally_removal),
)
