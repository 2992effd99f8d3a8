"""G4: a function or class that a second definition of its name makes unreachable."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bugladder.solvers.debugging.gates.proposal import Finding, GateLimits, Proposal

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# Decorators that keep a definition nowhere else: behind any other one it may still be in use (a route, a setter, an
# overload, an implementation registered by type).
_KEEPS_NOTHING = frozenset(
    {
        "abstractmethod", "asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager",
        "dataclass", "fixture", "lru_cache", "parametrize", "property", "staticmethod", "wraps",
    }
)  # fmt: skip


@dataclass(frozen=True)
class _Lost:
    scope: str
    name: str
    first: int
    second: int


def definitions(proposal: Proposal, _limits: GateLimits) -> Iterator[Finding]:
    """G4: a name newly defined twice in one body, and the first definition neither used in between nor registered."""
    for change in proposal.changes:
        if change.tree_after is None:
            continue
        was = Counter((d.scope, d.name) for d in _lost(change.tree_before)) if change.tree_before else Counter()
        for double in _lost(change.tree_after):
            was[double.scope, double.name] -= 1
            if was[double.scope, double.name] < 0:
                sentence = (
                    f"{change.path}, line {double.second}: {double.name} is already defined in line {double.first}"
                    f"{double.scope and f' of {double.scope}'}, and the second definition replaces the first: "
                    "keep one of them, or give them different names."
                )
                yield Finding("G4", "block", sentence)


def _lost(tree: ast.Module) -> list[_Lost]:
    """Definitions that no code can reach, because a later one of the same body takes their name."""
    found: list[_Lost] = []
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    while pending:
        scope, node = pending.pop()
        for _, value in ast.iter_fields(node):
            items = value if isinstance(value, list) else [value]
            nodes = [item for item in items if isinstance(item, ast.AST)]
            found.extend(_lost_of(scope, [n for n in nodes if isinstance(n, ast.stmt)]))
            pending.extend((_inner(scope, n), n) for n in nodes)
    return sorted(found, key=lambda lost: lost.second)


def _inner(scope: str, node: ast.AST) -> str:
    return f"{scope}.{node.name}".lstrip(".") if isinstance(node, _Definition) else scope


def _lost_of(scope: str, body: list[ast.stmt]) -> Iterator[_Lost]:
    last: dict[str, int] = {}
    for n, statement in enumerate(body):
        if not isinstance(statement, _Definition):
            continue
        first = last.get(statement.name)
        if first is not None and not _is_kept(body[first : n + 1], statement.name):
            yield _Lost(scope, statement.name, body[first].lineno, statement.lineno)
        last[statement.name] = n


def _is_kept(between: list[ast.stmt], name: str) -> bool:
    """True where the first definition lives on when the last statement, another definition of it, takes its name."""
    first, second = between[0], between[-1]
    if name == "_" or any(_name_of(d) not in _KEEPS_NOTHING for d in _decorators(first)):
        return True
    return any(_names(name, node) for statement in between[1:-1] for node in _run_at_once(statement)) or any(
        _names(name, node) for node in (*_decorators(second), *_bases(second))
    )


def _run_at_once(statement: ast.stmt) -> list[ast.expr] | list[ast.stmt]:
    """What of a statement looks names up where it stands: all but a function's body, which does when it is called."""
    is_function = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
    return [*_decorators(statement), *_bases(statement)] if is_function else [statement]


def _decorators(node: ast.stmt) -> list[ast.expr]:
    return node.decorator_list if isinstance(node, _Definition) else []


def _bases(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.ClassDef):
        return node.bases
    arguments = node.args if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
    return [d for d in (*arguments.defaults, *arguments.kw_defaults) if d is not None] if arguments else []


def _names(name: str, node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def _name_of(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(target, ast.Attribute):
        # pytest.mark.<any> only labels
        return "fixture" if isinstance(target.value, ast.Attribute) and target.value.attr == "mark" else target.attr
    return target.id if isinstance(target, ast.Name) else ""
