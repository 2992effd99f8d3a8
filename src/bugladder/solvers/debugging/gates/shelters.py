"""Decides on which lines of a test the working folder is a temporary one, so that plain file names are its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bugladder.solvers.debugging.gates.temporaries import Temporaries

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_With = ast.With | ast.AsyncWith


def sheltered_lines(tree: ast.Module, temporaries: Temporaries) -> frozenset[int]:
    """Lines below a change into a temporary folder, up to the end of its function or `with` block.

    None at all where a module also changes into any other folder: which of the two holds is then not known.
    """
    if not all(_is_temporary(call, temporaries) for call in ast.walk(tree) if _is_change(call)):
        return frozenset()
    return frozenset(line for node in ast.walk(tree) for line in _lines_below(node))


def _lines_below(node: ast.AST) -> Iterator[int]:
    if isinstance(node, _With) and any(_enters(item.context_expr) for item in node.items):
        yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
    if isinstance(node, _Function):
        # only a call that surely runs: one of the function's own statements
        calls = (s.value for s in node.body if isinstance(s, ast.Expr))
        starts = [call.lineno for call in calls if _is_change(call)]
        if starts:
            yield from range(starts[0] + 1, (node.end_lineno or node.lineno) + 1)


def _enters(node: ast.expr) -> bool:
    return _is_change(node) or _method(node) == "isolated_filesystem"


def _is_change(node: ast.AST) -> bool:
    return _method(node) in {"chdir", "fchdir", "as_cwd"}


def _is_temporary(node: ast.AST, temporaries: Temporaries) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and temporaries.holds(node.func.value):
        return True
    return bool(node.args) and temporaries.holds(node.args[0])


def _method(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
