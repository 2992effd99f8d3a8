"""Decides which definition holds a test's code: ids that run the same code form one unit and share a side."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from bugladder.records import TestResult
from bugladder.records.paths import PathRules

DefinitionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class UnitFinder:
    """Finds units in a tree of whole files; parses each file once.

    A unit is "path::qualname" where the definition that ran stands in a file; "path" where a test has no definition of
    its own (data file, generated); the definition as reported where it stands in a source file (doctests).
    """

    files: Mapping[str, bytes | None]
    rules: PathRules
    _names: dict[str, frozenset[str]] = field(default_factory=dict)

    def unit(self, result: TestResult) -> str:
        """The unit of one reported test."""
        path, _, qualname = result.definition.partition("::")
        if path and not self.rules.is_test(path):
            return result.definition
        if qualname in self._defined(path):
            return f"{path}::{qualname}"
        file, _, rest = result.test_id.partition("::")
        plain = rest.split("[", 1)[0].replace("::", ".")
        return f"{file}::{plain}" if plain in self._defined(file) else file

    def is_source(self, unit: str) -> bool:
        """True for a unit whose code stands outside of the test files: always public, never cut."""
        return not self.rules.is_test(unit.partition("::")[0])

    def _defined(self, path: str) -> frozenset[str]:
        if path not in self._names:
            self._names[path] = frozenset(definitions(self.files.get(path) or b"", path))
        return self._names[path]


def definitions(content: bytes, path: str) -> dict[str, list[DefinitionNode]]:
    """Functions and classes of a Python file by qualified name; {} where it is no parsable Python."""
    if not path.endswith(".py"):
        return {}
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, list[DefinitionNode]] = {}
    _collect(tree, "", found)
    return found


def _collect(node: ast.AST, prefix: str, found: dict[str, list[DefinitionNode]]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            found.setdefault(prefix + child.name, []).append(child)
            _collect(child, f"{prefix}{child.name}.", found)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            # what a function defines is local to it: no unit of its own
            found.setdefault(prefix + child.name, []).append(child)
        elif isinstance(child, ast.stmt):
            _collect(child, prefix, found)
