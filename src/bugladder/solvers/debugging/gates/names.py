"""Resolves what names in a module stand for, through imports, aliases and getattr; scopes are taken as one."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

_ROUNDS = 4
# Built-in functions that a test may reach under other names.
_BUILTINS = frozenset({"open", "exec", "eval", "compile", "getattr", "__import__", "vars"})


@dataclass
class Names:
    """What the names of one module may stand for, as dotted names; a call's result is written with "()"."""

    aliases: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    stars: tuple[str, ...] = ()
    values: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, tree: ast.Module) -> Names:
        """Read a module's imports and assignments."""
        names = cls()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    names.aliases[alias.asname or alias.name.partition(".")[0]].add(
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names._import_from(node)
            else:
                for target, value in assigned(node):
                    names.values[target].append(value)
        for _ in range(_ROUNDS):
            for target, values in names.values.items():
                found = {dotted for value in values for dotted in names.resolve(value)}
                names.aliases[target] |= {dotted for dotted in found if dotted.count(".") <= 2 * _ROUNDS}
        return names

    def resolve(self, node: ast.expr) -> set[str]:
        """Every dotted name that an expression may stand for; empty where nothing is known of it."""
        match node:
            case ast.Name(id=name):
                found = {*self.aliases.get(name, ()), *({name} & _BUILTINS), *(f"{star}.{name}" for star in self.stars)}
            case ast.Attribute(value=value, attr=attr):
                own = self.aliases.get(f"self.{attr}", set()) if _is_self(value) else set()
                found = {*own, *self._member(value, attr)}
            case ast.Call():
                found = self._call(node)
            case ast.Subscript(value=value, slice=index):
                found = self._item(value, text(index))
            case _:
                found = {dotted for part in _alternatives(node) for dotted in self.resolve(part)}
        return found

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars = (*self.stars, node.module or "")
            else:
                self.aliases[alias.asname or alias.name].add(f"{node.module}.{alias.name}")

    def _member(self, value: ast.expr, attr: str) -> set[str]:
        bases = self.resolve(value)
        if bases & {"builtins", "__builtins__"} or (isinstance(value, ast.Name) and value.id == "__builtins__"):
            return {attr}
        return {f"{base}.{attr}" for base in bases}

    def _call(self, node: ast.Call) -> set[str]:
        functions = self.resolve(node.func)
        first = text(node.args[0]) if node.args else None
        if "getattr" in functions and len(node.args) > 1:
            name = text(node.args[1])
            return self._member(node.args[0], name) if name is not None else set()
        if functions & {"__import__", "importlib.import_module"} and first is not None:
            return {first.partition(".")[0] if "__import__" in functions else first}
        return {f"{function}()" for function in functions}

    def _item(self, value: ast.expr, key: str | None) -> set[str]:
        if key is None:
            return set()
        if "sys.modules" in self.resolve(value):
            return {key}
        if isinstance(value, ast.Attribute) and value.attr == "__dict__":
            return self._member(value.value, key)
        if isinstance(value, ast.Call) and value.args and "vars" in self.resolve(value.func):
            return self._member(value.args[0], key)
        return {key} if isinstance(value, ast.Name) and value.id == "__builtins__" else set()


def assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The plain names and attributes of self ("self.x") that a node binds, each with the value bound or unpacked."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _bound(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield from _bound(target, value)
        case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
            yield from _bound(target, value)
        case ast.comprehension(target=target, iter=value):
            yield from _bound(target, value)
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield from _bound(target, value)


def text(node: ast.expr) -> str | None:
    """The string that an expression of constants alone gives; None for any other."""
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [text(left), text(right)]
        case ast.JoinedStr(values=values):
            parts = [text(value) for value in values]
        case _:
            return None
    return None if None in parts else "".join(part or "" for part in parts)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr), _:
            yield f"self.{attr}", value
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), (ast.Tuple(elts=values) | ast.List(elts=values))) if (
            len(targets) == len(values)
        ):
            for one, its_value in zip(targets, values, strict=True):
                yield from _bound(one, its_value)
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), _):
            for one in targets:
                yield from _bound(one, value)
        case ast.Starred(value=inner), _:
            yield from _bound(inner, value)


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """The expressions of which one is what the whole stands for."""
    match node:
        # a path joined with another is still a path
        case ast.BinOp(left=value, op=ast.Div()) | ast.NamedExpr(value=value) | ast.Await(value=value):
            return [value]
        case ast.IfExp(body=body, orelse=other):
            return [body, other]
        case ast.BoolOp(values=values):
            return values
    return []


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}
