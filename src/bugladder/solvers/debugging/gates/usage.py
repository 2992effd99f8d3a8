"""Finds where a test module skips, sleeps, reaches for the network or reads sources, under whatever name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from bugladder.solvers.debugging.gates.commands import command_misconduct, python_programs
from bugladder.solvers.debugging.gates.forbidden import (
    DOORS,
    LOADER_METHODS,
    LOOPBACK,
    PATH_METHODS,
    PATH_READERS,
    READERS,
    STARTERS,
    Misconduct,
    misconduct,
)
from bugladder.solvers.debugging.gates.names import Names, text
from bugladder.solvers.debugging.gates.shelters import sheltered_lines
from bugladder.solvers.debugging.gates.temporaries import Temporaries

_EXECUTORS = frozenset({"exec", "eval", "compile"})
# They take an attribute's or a key's name as a string.
_LOOK_UPS = frozenset({"attrgetter", "get", "pop", "__getattribute__"})
_MARKERS = frozenset({"add_marker", "applymarker"})


@dataclass(frozen=True)
class Use:
    """One place that does what tests may not: its lines, the kind, and the words that do it."""

    line: int
    end_line: int
    kind: Misconduct
    what: str
    is_likely_innocent: bool = False


def uses(tree: ast.Module) -> Iterator[Use]:
    """Every such place of a module, in no order, some of them twice."""
    names = Names.of(tree)
    temporaries = Temporaries.of(tree, names)
    yield from _Reader(names, temporaries, sheltered_lines(tree, temporaries)).read(tree)


@dataclass
class _Reader:
    names: Names
    temporaries: Temporaries
    sheltered: frozenset[int]
    innocent: set[ast.expr] = field(default_factory=set)

    def read(self, tree: ast.Module) -> Iterator[Use]:
        # breadth first: a call is met, and found innocent or not, before the name that it calls
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
                yield from self._reference(node)
            elif isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id == "__test__" for t in node.targets
            ):
                yield _use(node, "skips", "__test__")

    def _call(self, node: ast.Call) -> Iterator[Use]:
        functions = self.names.resolve(node.func)
        if (getattr(node.func, "attr", "") or getattr(node.func, "id", "")) in _LOOK_UPS:
            yield from (_use(node, "sources", key) for key in map(text, node.args) if key in DOORS)
        if self._is_innocent(node, functions):
            self.innocent.add(node.func)
        if "getattr" in functions and len(node.args) > 1 and (attr := text(node.args[1])) is not None:
            member = ast.Attribute(value=node.args[0], attr=attr, ctx=ast.Load())
            yield from self._reference(ast.copy_location(member, node))
        if isinstance(node.func, ast.Attribute) and node.func.attr in _MARKERS and node.args:
            mark = text(node.args[0])
            if mark in {"skip", "skipif", "xfail"}:
                yield _use(node, "skips", repr(mark))
        programs: list[str] = []
        if any(STARTERS.match(dotted) for dotted in functions):
            for kind, word in command_misconduct(node, self.names):
                yield _use(node, kind, f"the command {word}")
            programs.extend(python_programs(node, self.names))
        if functions & _EXECUTORS and node.args and (program := text(node.args[0])) is not None:
            programs.append(program)
        for program in programs:
            yield from _within(program, node)

    def _reference(self, node: ast.Name | ast.Attribute | ast.Subscript) -> Iterator[Use]:
        if not isinstance(node.ctx, ast.Load) or node in self.innocent:
            return
        for dotted in sorted(self.names.resolve(node)):
            is_reader = dotted in READERS and dotted not in self.temporaries.functions
            kind = "sources" if is_reader else misconduct(dotted)
            if kind is not None:
                yield _use(node, kind, dotted)
        if isinstance(node, ast.Attribute):
            yield from self._attribute(node)
        elif isinstance(node, ast.Subscript) and (key := text(node.slice)) in DOORS:
            yield _use(node, "sources", str(key))
        elif isinstance(node, ast.Name) and node.id in DOORS:
            yield _use(node, "sources", node.id, is_likely_innocent=node.id == "__file__")

    def _attribute(self, node: ast.Attribute) -> Iterator[Use]:
        is_reader = node.attr in DOORS or node.attr in PATH_READERS
        is_of_loader = node.attr in LOADER_METHODS and getattr(node.value, "attr", "") == "loader"
        is_of_path = node.attr in PATH_METHODS and self._is_path(node.value)
        if is_reader or is_of_loader or is_of_path:
            yield _use(node, "sources", node.attr)
        elif misconduct(f"self.{node.attr}") == "skips":
            yield _use(node, "skips", node.attr)

    def _is_path(self, node: ast.expr) -> bool:
        return any(dotted.startswith(("pathlib.", "py.path.")) for dotted in self.names.resolve(node))

    def _is_innocent(self, node: ast.Call, functions: set[str]) -> bool:
        """True where the arguments, or what a method is called on, make a suspicious call a harmless one."""
        attr = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if attr in PATH_READERS | PATH_METHODS and isinstance(node.func, ast.Attribute) and not functions & READERS:
            return self._is_temporary(node.func.value) or (attr == "open" and _only_writes(node, at=0))
        kinds = {misconduct(dotted) for dotted in functions}
        if "network" in kinds:
            return _is_local(node, self.names)
        if "sleeps" in kinds:
            return bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
        return bool(functions & READERS) and (self._is_on_temporary(node) or _only_writes(node, at=1))

    def _is_on_temporary(self, node: ast.Call) -> bool:
        first = [
            *node.args[:1],
            *(k.value for k in node.keywords if k.arg in {"file", "path", "name", "filename", "src"}),
        ]
        return bool(first) and all(self._is_temporary(argument) for argument in first)

    def _is_temporary(self, node: ast.expr) -> bool:
        # a path made of a plain name: Path("out.txt")
        plain = node.args[0] if isinstance(node, ast.Call) and self._is_path(node) and len(node.args) == 1 else node
        name = text(plain)
        is_plain = name is not None and not name.startswith(("/", "~")) and ".." not in name
        return self.temporaries.holds(node) or (is_plain and node.lineno in self.sheltered)


def _only_writes(node: ast.Call, at: int) -> bool:
    modes = [*node.args[at : at + 1], *(k.value for k in node.keywords if k.arg == "mode")]
    mode = text(modes[0]) if modes else None
    return mode is not None and mode[:1] in {"w", "x", "a"} and not (mode[0] == "a" and "+" in mode)


def _is_local(node: ast.Call, names: Names) -> bool:
    if any(k.arg in {"transport", "app"} for k in node.keywords):
        return True
    places = [*node.args[:2], *(k.value for k in node.keywords if k.arg in {"url", "host", "address"})]
    return any(LOOPBACK.match(_beginning(place, names)) for place in places)


def _beginning(node: ast.expr, names: Names) -> str:
    """The constant text that an address begins with."""
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.JoinedStr(values=[first, *_]) | ast.Tuple(elts=[first, *_]) | ast.BinOp(left=first):
            return _beginning(first, names)
        case ast.Name(id=name) if len(names.values.get(name, ())) == 1 and isinstance(
            names.values[name][0], ast.Constant
        ):
            return _beginning(names.values[name][0], names)
    return ""


def _within(program: str, node: ast.Call) -> Iterator[Use]:
    """What a program in a string does counts where the string is run."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for use in uses(tree):
        yield _use(node, use.kind, use.what, is_likely_innocent=use.is_likely_innocent)


def _use(node: ast.expr | ast.stmt, kind: Misconduct, what: str, *, is_likely_innocent: bool = False) -> Use:
    return Use(node.lineno, node.end_lineno or node.lineno, kind, what, is_likely_innocent)
