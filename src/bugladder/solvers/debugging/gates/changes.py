"""Reads one file's change for the gates: its texts, syntax trees, added lines and runs of insertion."""

from __future__ import annotations

import ast
import difflib
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

# Deeper trees exhaust the stack of whoever walks them; hardly any program nests its code like this.
_MAX_DEPTH = 300


@dataclass(frozen=True)
class Insertion:
    """A contiguous run of added lines: its first line in the new file (from 1), and how many there are."""

    line: int
    count: int


@dataclass(frozen=True)
class Change:
    """One file before and after; None where it is not there."""

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def is_python(self) -> bool:
        """True for a module or a stub."""
        return PurePosixPath(self.path).suffix in {".py", ".pyi"}

    @cached_property
    def tree_before(self) -> ast.Module | None:
        """Syntax tree of the old Python file; None where there is none or it does not parse."""
        return parse(self.before) if self.is_python else None

    @cached_property
    def tree_after(self) -> ast.Module | None:
        """Syntax tree of the new Python file; None where there is none or it does not parse."""
        return parse(self.after) if self.is_python else None

    @cached_property
    def lines_after(self) -> list[str]:
        """Lines of the new file without their ends; undecodable bytes are replaced."""
        return _lines(self.after)

    @cached_property
    def insertions(self) -> tuple[Insertion, ...]:
        """Runs of added lines in order; lines that only changed their blanks at the end count as added."""
        old, new = _lines(self.before), self.lines_after
        start = _common(old, new)
        end = _common(old[start:][::-1], new[start:][::-1])
        # the equal head and tail are set aside: they are most of a file, and a comparison's cost grows with its square
        matcher = difflib.SequenceMatcher(None, old[start : len(old) - end], new[start : len(new) - end])
        return tuple(
            Insertion(start + first + 1, last - first)
            for tag, _, _, first, last in matcher.get_opcodes()
            if tag in {"insert", "replace"}
        )

    @cached_property
    def added_lines(self) -> frozenset[int]:
        """Numbers of the added lines in the new file, from 1."""
        return frozenset(n for run in self.insertions for n in range(run.line, run.line + run.count))


def parse(content: bytes | None) -> ast.Module | None:
    """Syntax tree of Python source in its declared encoding; None where it is absent, wrong or nested too deeply."""
    return None if content is None or why_unparsed(content) is not None else ast.parse(content)


def why_unparsed(content: bytes) -> tuple[int, str] | None:
    """Line (from 1) and reason why Python source does not parse; None where it does."""
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return 1, str(error) or "too deeply nested"
    return None if _depth(tree) <= _MAX_DEPTH else (1, "too deeply nested")


def _depth(tree: ast.AST) -> int:
    level: list[ast.AST] = [tree]
    depth = 0
    while level:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def _lines(content: bytes | None) -> list[str]:
    # not splitlines: a form feed ends no line of a program
    lines = (content or b"").decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _common(left: list[str], right: list[str]) -> int:
    pairs = zip(left, right, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
