"""Decides which expressions of a test lead only to its own temporary files and to buffers in memory."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bugladder.solvers.debugging.gates.names import Names, assigned, text

_FIXTURES = frozenset({"tmp_path", "tmpdir", "tmp_path_factory", "tmpdir_factory", "pytester", "testdir"})
_MAKERS = ("tempfile.", "io.StringIO", "io.BytesIO", "py.path.local.mkdtemp", "os.devnull", "os.pipe", "os.memfd")
# From a temporary folder these lead out of it.
_OUT = frozenset({"parent", "parents", "anchor", "root", "drive"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Temporaries:
    """The names of one module that are bound to nothing but temporary files, and the functions that return them."""

    names: Names
    bound: set[str] = field(default_factory=set)
    functions: dict[str, list[ast.expr]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, tree: ast.Module, names: Names) -> Temporaries:
        """Take every name for temporary, then drop those bound to anything else until no more fall."""
        found = cls(names)
        bindings: dict[str, list[ast.expr]] = defaultdict(list)
        parameters, lost = set(_FIXTURES), set[str]()
        for node in ast.walk(tree):
            for name, value in assigned(node):
                bindings[name].append(value)
            if isinstance(node, _Function):
                found.functions[node.name] = [*_results(node)]
            if isinstance(node, ast.arg):
                parameters.add(node.arg)
            lost |= _replaced(node)
        found.made = {name for name, results in found.functions.items() if results}
        found.bound = ({*bindings, *parameters}) - lost
        while found._drop(bindings, parameters):
            pass
        return found

    def holds(self, node: ast.expr) -> bool:
        """True where an expression leads to temporary files or buffers alone."""
        match node:
            case ast.Name(id=name):
                found = name in self.bound
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
                found = f"self.{attr}" in self.bound
            case ast.Attribute(value=value, attr=attr):
                found = "os.devnull" in self.names.resolve(node) or (attr not in _OUT and self.holds(value))
            case ast.Call():
                found = self._holds_call(node)
            case ast.BinOp(left=left, op=ast.Div() | ast.Add() as operator, right=right):
                # "/a" replaces a path that it is joined to, and only lengthens a text
                found = self.holds(left) and not _leads_out(right, absolute=isinstance(operator, ast.Div))
            case ast.JoinedStr(values=[ast.FormattedValue(value=first), *rest]):
                found = self.holds(first) and not any(_leads_out(part, absolute=False) for part in rest)
            case _:
                parts = _parts(node)
                found = bool(parts) and all(self.holds(part) for part in parts)
        return found

    def _holds_call(self, node: ast.Call) -> bool:
        if any(dotted.startswith(_MAKERS) for dotted in self.names.resolve(node.func)):
            return True
        if any(_leads_out(argument) for argument in node.args):
            return False
        match node.func:
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if (
                name in self.functions
            ):
                found = name in self.made
            case ast.Attribute(value=value, attr=attr) if self.holds(value):
                found = attr not in _OUT
            case ast.Name() | ast.Attribute():
                found = bool(node.args) and self.holds(node.args[0])
            case _:
                found = False
        return found

    def _drop(self, bindings: dict[str, list[ast.expr]], parameters: set[str]) -> bool:
        fallen = {
            name
            for name in self.bound
            if not all(self.holds(value) for value in bindings.get(name, ()))
            or (name in parameters and name not in (self.made if name in self.functions else _FIXTURES))
        }
        unmade = {name for name in self.made if not all(self.holds(value) for value in self.functions[name])}
        self.bound -= fallen
        self.made -= unmade
        return bool(fallen or unmade)


def _parts(node: ast.expr) -> list[ast.expr]:
    """The expressions that must all be temporary for the whole to be so; none where nothing makes it so."""
    match node:
        case (
            ast.Subscript(value=value)
            | ast.Starred(value=value)
            | ast.Await(value=value)
            | ast.NamedExpr(value=value)
            | ast.FormattedValue(value=value)
            | ast.ListComp(elt=value)
            | ast.GeneratorExp(elt=value)
            | ast.SetComp(elt=value)
        ):
            parts = [value]
        case ast.List(elts=values) | ast.Tuple(elts=values) | ast.Set(elts=values) | ast.BoolOp(values=values):
            parts = values
        case ast.IfExp(body=body, orelse=other):
            parts = [body, other]
        case _:
            parts = []
    return parts


def _results(function: _Function) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            yield node.value


def _replaced(node: ast.AST) -> set[str]:
    """Names that a node binds to what is surely not temporary: an import, or a fixture's name given other values."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "parametrize":
        return set(_listed(node.args[:1]))
    return set()


def _listed(arguments: Iterable[ast.expr]) -> Iterator[str]:
    for argument in arguments:
        constants = [n.value for n in ast.walk(argument) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        yield from (name.strip() for constant in constants for name in constant.split(","))


def _leads_out(node: ast.expr, *, absolute: bool = True) -> bool:
    value = text(node)
    return value is not None and (".." in value or (absolute and value.startswith(("/", "~"))))
