"""Decides how hard an instance is: from the reference's semantic diff, and as it looks from the task's face."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from bugladder.records import Difficulty
from bugladder.records.ranges import AtLeastOne, Count

_LEVELS = (Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD)


@dataclass(frozen=True)
class SemanticChange:
    """Size of a change between syntax trees without docstrings, comments and annotations.

    Args:
        lines: removed plus added lines of the normalised code.
        hunks: separate places of change.
        files: files with at least one such place.
    """

    lines: int
    hunks: int
    files: int


@dataclass(frozen=True)
class DifficultyThresholds:
    """Largest (lines, hunks, files) that still count as easy, medium and hard; beyond hard is very hard."""

    easy: tuple[Count, Count, Count] = (4, 2, 1)
    medium: tuple[Count, Count, Count] = (16, 6, 2)
    hard: tuple[Count, Count, Count] = (48, 16, 4)


@dataclass(frozen=True)
class ApparentThresholds:
    """What makes a task look hard before anyone has solved it.

    Args:
        terse_characters: a shorter issue says little about the place.
        many_failing_units: from so many public failing units on, the bug shows in many places.
        large_repository_lines: from so many lines of source on, the place is harder to find.
    """

    terse_characters: Count = 200
    many_failing_units: AtLeastOne = 5
    large_repository_lines: AtLeastOne = 5000


def semantic_change(before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]) -> SemanticChange:
    """Compare whole Python files by path; None or absence means that the file is not there.

    A file that does not parse is compared as its raw lines.
    """
    lines = hunks = files = 0
    for path in sorted({*before, *after}):
        old, new = normalised_lines(before.get(path)), normalised_lines(after.get(path))
        codes = [c for c in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if c[0] != "equal"]
        lines += sum((i2 - i1) + (j2 - j1) for _, i1, i2, j1, j2 in codes)
        hunks += len(codes)
        files += bool(codes)
    return SemanticChange(lines, hunks, files)


def normalised_lines(source: bytes | None) -> list[str]:
    """The code's lines as the syntax tree writes them, without docstrings, comments and annotations."""
    if source is None:
        return []
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source.decode("utf-8", "replace").splitlines()
    return ast.unparse(ast.fix_missing_locations(_Bare().visit(tree))).splitlines()


def difficulty(change: SemanticChange, thresholds: DifficultyThresholds) -> Difficulty:
    """The first level whose three bounds all hold."""
    bounds = (thresholds.easy, thresholds.medium, thresholds.hard)
    for level, (lines, hunks, files) in zip(_LEVELS, bounds, strict=True):
        if change.lines <= lines and change.hunks <= hunks and change.files <= files:
            return level
    return Difficulty.VERY_HARD


def apparent_difficulty(
    issue: str, public_failing_units: int, repository_lines: int, thresholds: ApparentThresholds | None = None
) -> Difficulty:
    """Difficulty from what the task shows: one step up for each thing that hides the place of the bug.

    Args:
        issue: the problem statement.
        public_failing_units: FAIL_TO_PASS units that the solver may see.
        repository_lines: lines of source in the repository.
        thresholds: bounds; the defaults where None.
    """
    bounds = thresholds or ApparentThresholds()
    has_trace = "Traceback (most recent call last)" in issue or "Error:" in issue
    points = sum(
        (
            len(issue.strip()) < bounds.terse_characters and not has_trace,
            public_failing_units == 0 or public_failing_units >= bounds.many_failing_units,
            repository_lines >= bounds.large_repository_lines,
        )
    )
    return (*_LEVELS, Difficulty.VERY_HARD)[points]


class _Bare(ast.NodeTransformer):
    """Takes docstrings and annotations out of a syntax tree (comments are never in it)."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._undocumented(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._undocumented(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.value is None:
            # a bare annotation declares and does nothing; `pass` keeps a body that held only such lines
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self._undocumented(node)

    def _undocumented(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module) -> ast.AST:
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])
        self.generic_visit(node)
        return node
