"""Fills in positions of syntax trees that are compiled: Python 3.8 to 3.11 ask for more than older code gives."""

import ast
import builtins

_compile = builtins.compile
_PLACED = tuple(c for c in vars(ast).values() if isinstance(c, type) and "lineno" in getattr(c, "_attributes", ()))


def _fill(node, parent):
    """Every statement and expression gets a start, and an end that is not before it."""
    line, column = parent
    if isinstance(node, _PLACED):
        line = node.lineno = getattr(node, "lineno", None) or line
        start = getattr(node, "col_offset", None)
        column = node.col_offset = column if start is None else start
        end = getattr(node, "end_lineno", None) or line
        end_column = getattr(node, "end_col_offset", None)
        if end < line or (end == line and (end_column is None or end_column < column)):
            end, end_column = line, column
        node.end_lineno, node.end_col_offset = end, end_column or 0
    for child in ast.iter_child_nodes(node):
        _fill(child, (line, column))


def _compile_filled(source, *args, **kwargs):
    if isinstance(source, ast.AST):
        if isinstance(source, ast.Module) and not hasattr(source, "type_ignores"):
            source.type_ignores = []
        _fill(source, (1, 0))
    return _compile(source, *args, **kwargs)


builtins.compile = _compile_filled
