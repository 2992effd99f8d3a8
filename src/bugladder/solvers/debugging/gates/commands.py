"""Reads what a test would run as a command: its words, however they are given, and Python programs among them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from bugladder.solvers.debugging.gates.forbidden import COMMANDS, WRAPPERS, Misconduct
from bugladder.solvers.debugging.gates.names import Names

# Where a shell begins another command.
_JOINTS = re.compile(r"[|;&()`\n]+|\$\(")
_READING_MODULES = frozenset({"inspect", "dis", "tokenize", "ast", "base64"})


def command_misconduct(node: ast.Call, names: Names) -> Iterator[tuple[Misconduct, str]]:
    """What the command of a call does that tests may not, with the word that does it.

    A command that is not made of constants cannot be read, and counts as innocent.
    """
    for words in _commands(node, names):
        heads = words if words and words[0] in WRAPPERS else words[:1]
        for word in heads:
            if word in COMMANDS:
                yield COMMANDS[word], word
        for flag, module in pairwise(words):
            if flag == "-m" and module in _READING_MODULES:
                yield "sources", f"python -m {module}"


def python_programs(node: ast.Call, names: Names) -> Iterator[str]:
    """The programs that a call hands to an interpreter with -c."""
    for parts in _parts(node, names):
        for flag, program in pairwise(parts):
            if flag == "-c":
                yield program


def _commands(node: ast.Call, names: Names) -> Iterator[list[str]]:
    for parts in _parts(node, names):
        if len(parts) > 1:
            yield [PurePosixPath(part).name for part in parts]
        # one string, or one given to a shell, is a line of commands
        lines = parts if len(parts) == 1 or parts[0] in WRAPPERS else []
        for line in (piece for part in lines for piece in _JOINTS.split(part)):
            yield [PurePosixPath(word).name for word in line.split()]


def _parts(node: ast.Call, names: Names) -> Iterator[list[str]]:
    """The command as a list of strings; "" stands for what is not constant."""
    arguments = [*node.args, *(k.value for k in node.keywords if k.arg in {"args", "cmd", "command"})]
    values = [value for argument in arguments for value in _values(argument, names)]
    for value in values:
        if isinstance(value, ast.List | ast.Tuple):
            yield [_constant(part) for part in value.elts]
    texts = [_constant(value) for value in values if not isinstance(value, ast.List | ast.Tuple)]
    if texts:
        yield texts


def _values(node: ast.expr, names: Names) -> list[ast.expr]:
    if isinstance(node, ast.Name) and names.values.get(node.id):
        return names.values[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.List | ast.Name):
        return _values(node.left, names)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
        return [node.func.value] if not isinstance(node.func.value, ast.Name) else _values(node.func.value, names)
    return [node]


def _constant(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.Constant(value=bytes() as value):
            return value.decode("utf-8", "replace")
        case ast.JoinedStr(values=values):
            return "".join(_constant(value) for value in values)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            return _constant(left) + _constant(right)
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return _constant(value)
    return ""
