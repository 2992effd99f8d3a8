"""G2: a block of existing code that is inserted again, found by comparing syntax trees."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bugladder.solvers.debugging.gates.changes import Change
from bugladder.solvers.debugging.gates.proposal import Finding, GateLimits, Proposal


@dataclass(frozen=True)
class _Block:
    """Consecutive statements of one body, as few as reach the wanted size: their lines in the file."""

    first: int
    last: int


def repetition(proposal: Proposal, limits: GateLimits) -> Iterator[Finding]:
    """G2: consecutive statements that stand in a file and stand there once more afterwards."""
    for change in proposal.changes:
        for block, elsewhere in _repeated(change, limits.repeated_statements):
            sentence = (
                f"{change.path}, lines {block.first} to {block.last} repeat existing code (line {elsewhere}): "
                "do not insert it again; call it, or change it where it stands."
            )
            yield Finding("G2", "block", sentence)


def _repeated(change: Change, size: int) -> Iterator[tuple[_Block, int]]:
    """Copied stretches of a file, overlapping ones joined, each with a line where its like stands."""
    stretch: tuple[_Block, int] | None = None
    for block, elsewhere in _copies(change, size):
        if stretch is not None and block.first <= stretch[0].last:
            stretch = _Block(stretch[0].first, max(block.last, stretch[0].last)), stretch[1]
            continue
        if stretch is not None:
            yield stretch
        stretch = block, elsewhere
    if stretch is not None:
        yield stretch


def _copies(change: Change, size: int) -> Iterator[tuple[_Block, int]]:
    """Blocks that became more frequent than they were, in order, each with a line where its like stands."""
    if change.tree_before is None or change.tree_after is None:
        return
    numbers = _Numbers()
    before = _blocks(change.tree_before, numbers, size)
    after = _blocks(change.tree_after, numbers, size)
    for block, key in sorted(((b, k) for k, blocks in after.items() for b in blocks), key=_from_outside):
        if not 0 < len(before.get(key, ())) < len(after[key]):
            continue
        others = [other for other in after[key] if other != block]
        # of equal blocks the one with the most added lines is the copy
        if others and all(_added(change, block) >= _added(change, other) for other in others):
            yield block, others[0].first


def _added(change: Change, block: _Block) -> int:
    return sum(line in change.added_lines for line in range(block.first, block.last + 1))


def _from_outside(item: tuple[_Block, tuple[int, ...]]) -> tuple[int, int]:
    return item[0].first, -item[0].last


def _blocks(tree: ast.Module, numbers: _Numbers, size: int) -> Mapping[tuple[int, ...], list[_Block]]:
    found: dict[tuple[int, ...], list[_Block]] = defaultdict(list)
    for body in _bodies(tree):
        for start in range(len(body)):
            end, held = start, 0
            while end < len(body) and held < size:
                held += _statements(body[end])
                end += 1
            if held >= size:
                key = tuple(numbers.of(s) for s in body[start:end])
                found[key].append(_Block(body[start].lineno, body[end - 1].end_lineno or body[end - 1].lineno))
    return found


def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value


def _statements(statement: ast.stmt) -> int:
    return sum(isinstance(node, ast.stmt) for node in ast.walk(statement))


@dataclass
class _Numbers:
    """Gives equal trees equal numbers, places in the file left out."""

    seen: dict[tuple[object, ...], int] = field(default_factory=dict)
    by_node: dict[ast.AST, int] = field(default_factory=dict)

    def of(self, node: ast.AST) -> int:
        if node not in self.by_node:
            parts = tuple(self._part(value) for _, value in ast.iter_fields(node))
            self.by_node[node] = self.seen.setdefault((type(node), *parts), len(self.seen))
        return self.by_node[node]

    def _part(self, value: object) -> object:
        if isinstance(value, ast.AST):
            return self.of(value)
        if isinstance(value, list):
            return tuple(self._part(item) for item in value)
        # 1, 1.0 and True are equal to each other, and not the same code
        return (type(value), repr(value))
