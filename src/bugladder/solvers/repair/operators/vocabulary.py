"""Collects what a file uses, so that operators replace names by names that exist."""

from __future__ import annotations

from collections import defaultdict

import libcst as cst

from bugladder.solvers.repair.operators.site import Vocabulary
from bugladder.solvers.repair.source import SourceFile

_MAX_CONDITION_CHARS = 80


def collect(file: SourceFile) -> Vocabulary:
    """The vocabulary of one file, every list in order of first use."""
    visitor = _Collector(file)
    file.module.visit(visitor)
    return Vocabulary(
        attributes={key: tuple(names) for key, names in visitor.attributes.items()},
        functions=visitor.functions,
        locals={function: tuple(names) for function, names in visitor.locals.items()},
        conditions={function: tuple(texts) for function, texts in visitor.conditions.items()},
    )


class _Collector(cst.CSTVisitor):
    def __init__(self, file: SourceFile) -> None:
        super().__init__()
        self.file = file
        self.attributes: dict[tuple[str, bool], dict[str, None]] = defaultdict(dict)
        self.functions: dict[str, tuple[str, ...]] = {}
        self.locals: dict[cst.FunctionDef | None, dict[str, None]] = defaultdict(dict)
        self.conditions: dict[cst.FunctionDef | None, dict[str, None]] = defaultdict(dict)
        self._stack: list[cst.FunctionDef] = []

    @property
    def _function(self) -> cst.FunctionDef | None:
        return self._stack[-1] if self._stack else None

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802 - libcst's name
        self._stack.append(node)
        parameters = [*node.params.posonly_params, *node.params.params, *node.params.kwonly_params]
        names = [p.name.value for p in parameters]
        self.functions.setdefault(node.name.value, tuple(names))
        self.locals[node].update(dict.fromkeys(names))

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:  # noqa: N802
        self._stack.remove(original_node)

    def visit_Attribute(self, node: cst.Attribute) -> None:  # noqa: N802
        above = self.file.parents[node]
        is_called = isinstance(above, cst.Call) and above.func is node
        self.attributes[self.file.code(node.value), is_called][node.attr.value] = None

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:  # noqa: N802
        self._bind(node.target)

    def visit_For(self, node: cst.For) -> None:  # noqa: N802
        self._bind(node.target)

    def visit_If(self, node: cst.If) -> None:  # noqa: N802
        text = self.file.code(node.test)
        if len(text) <= _MAX_CONDITION_CHARS and "\n" not in text:
            self.conditions[self._function][text] = None

    def visit_AsName(self, node: cst.AsName) -> None:  # noqa: N802
        self._bind(node.name)

    def _bind(self, target: cst.BaseExpression) -> None:
        if isinstance(target, cst.Name):
            self.locals[self._function][target.value] = None
        elif isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self._bind(element.value)
