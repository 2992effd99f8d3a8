"""Decides whether a planted edit gives itself away or changes nothing: restored lines elsewhere, equal meaning."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable

LEAK_CHARS = 30
"""A restored line longer than this must stand nowhere else."""


def restored_lines(original: str, edited: str) -> list[str]:
    """The lines of the original that the edited text lacks, without their indentation, in order."""
    diff = difflib.unified_diff(edited.splitlines(), original.splitlines(), n=0, lineterm="")
    return [line[1:].strip() for line in diff if line.startswith("+") and not line.startswith("+++ ")]


def leaked_line(original: str, edited: str, others: Iterable[str]) -> str | None:
    """The first restored line of more than LEAK_CHARS characters that the edited text or another one holds, or None."""
    texts = [edited, *others]
    for line in restored_lines(original, edited):
        if len(line) > LEAK_CHARS and any(line in text for text in texts):
            return line
    return None


def is_same_meaning(original: bytes, edited: bytes) -> bool:
    """True where the two differ at most in comments, layout and docstrings."""
    return _shape(original) == _shape(edited)


def _shape(source: bytes) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            first = node.body[0] if node.body else None
            text = first.value if isinstance(first, ast.Expr) else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                node.body = node.body[1:]
    return ast.dump(tree)
