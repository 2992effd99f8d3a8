"""Notices that functions or classes of the test tools were replaced: a picture of them before tested code is loaded.

Runs inside the sandbox, beside the tested code; standard library only.
"""

import builtins
import sys
from operator import attrgetter, is_
from types import BuiltinFunctionType, FunctionType

_TOOLS = (FunctionType, BuiltinFunctionType, type, property, staticmethod, classmethod)
# What an interactive session or a translation puts there is no tool.
_FREE_BUILTINS = {"_", "input", "print", "help", "exit", "quit", "copyright", "credits", "license"}


def functions_in(value):
    """The plain functions behind a value, whose code could be exchanged."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    found = [value.fget, value.fset] if isinstance(value, property) else [value]
    return [f for f in found if isinstance(f, FunctionType)]


code_of = attrgetter("__code__")
body_of = attrgetter("__code__", "__defaults__", "__kwdefaults__")


class Namespace:
    """The names of one module or class as they were; free names may change, hideable ones may not be added."""

    def __init__(self, label, holder, free, hideable):
        self.label, self.holder, self.free, self.hideable = label, holder, free, hideable
        self.names = vars(holder)
        self.values = list(self.names.values())
        self.before = set(self.names)
        self.tools = {
            name: (value, [(f, body_of(f)) for f in functions_in(value)])
            for name, value in self.names.items()
            if isinstance(value, _TOOLS) and name not in free
        }
        self.functions = [f for _, functions in self.tools.values() for f, _ in functions]
        self.codes = [code_of(f) for f in self.functions]
        self.bases = getattr(holder, "__bases__", None)

    def changes(self):
        found = [
            name
            for name, (value, functions) in self.tools.items()
            if self.names.get(name) is not value or any(body_of(f) != body for f, body in functions)
        ]
        found += [name for name in self.names if name not in self.before and name in self.hideable]
        if getattr(self.holder, "__bases__", None) != self.bases:
            found.append("__bases__")
        return [self.label + "." + name for name in found]


def namespaces_of(module):
    """Of a module and of the classes that it defines."""
    name = module.__name__
    yield Namespace(name, module, (), set(vars(builtins)))
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == name:
            inherited = {n for base in value.__mro__[1:] for n in vars(base)}
            yield Namespace(name + "." + value.__name__, value, (), inherited)


class Guard:
    """A picture of modules and their classes, by name; a hot part of it can be looked at after each test."""

    def __init__(self, modules, hot=()):
        names = [n for n in sys.modules if n in modules or n.partition(".")[0] + ".*" in modules]
        self.namespaces = [s for n in names for s in namespaces_of(sys.modules[n])]
        self.hot = [s for s in self.namespaces if s.label in hot or s.label.partition(".")[0] + ".*" in hot]
        self.namespaces.append(Namespace("builtins", builtins, _FREE_BUILTINS, ()))

    def hot_changes(self, _same=is_, _all=all, _map=map, _len=len, _list=list, _code=code_of):
        """Quick where every name still means the same object, and every function runs the same code."""
        found = []
        for space in self.hot:
            now = space.names.values()
            is_same = _len(now) == _len(space.values) and _all(_map(_same, now, space.values))
            if not is_same or _list(_map(_code, space.functions)) != space.codes:
                found += space.changes()
                # what is no tool may change; from now on this is how it is
                space.values = list(now)
        return found

    def changes(self):
        return [change for s in self.namespaces for change in s.changes()]
