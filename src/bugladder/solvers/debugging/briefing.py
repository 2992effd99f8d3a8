"""What is the same in all prompts of a task: issue, tree, code, public failing tests and what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bugladder.records import Task
from bugladder.solvers.debugging.context import ContextLimits, Excerpt, excerpt, select, size, tree_listing
from bugladder.solvers.debugging.evidence import unit_of
from bugladder.solvers.debugging.repository import Repository, symbols_of
from bugladder.solvers.debugging.retrieval import Index

_MOST_NAMES = 50
# How much a text counts when code is looked for: the issue is what a person saw, the rest only surrounds it.
_TEST_WEIGHT = 0.5
_OUTPUT_WEIGHT = 0.7


@dataclass(frozen=True)
class Material:
    """What the templates show of a task. It holds nothing that the task does not."""

    repo: str
    issue: str
    tree: list[str]
    code: list[Excerpt]
    failing: list[str]
    tests: list[Excerpt]
    output: str


def brief(
    task: Task, repository: Repository, index: Index, seen: tuple[tuple[str, ...], str], limits: ContextLimits
) -> Material:
    """The material of a task.

    Args:
        task: the task; its ids and environment are not shown.
        repository: its text files.
        index: of the repository.
        seen: public failing tests as they were seen to fail, and what their run said.
        limits: bounds.
    """
    failing, output = seen
    tests = test_code(repository, failing, limits.test_bytes)
    output = _middle_cut(output, limits.output_bytes)
    issue = _middle_cut(task.problem_statement.strip(), limits.issue_bytes)
    texts = {issue: 1.0, "\n".join(t.text for t in tests): _TEST_WEIGHT, output: _OUTPUT_WEIGHT}
    names = [
        *failing[:_MOST_NAMES],
        *([f"and {len(failing) - _MOST_NAMES} more"] if len(failing) > _MOST_NAMES else []),
    ]
    return Material(
        repo=task.repo,
        issue=issue,
        tree=tree_listing(repository.texts, limits),
        code=select(repository, index, texts, limits),
        failing=names,
        tests=tests,
        output=output,
    )


def test_code(repository: Repository, tests: Iterable[str], room: int) -> list[Excerpt]:
    """The code of tests, and the first lines of their files, which import what they use."""
    wanted: dict[str, set[str]] = {}
    for test in tests:
        path, _, rest = unit_of(test).partition("::")
        if path in repository.texts:
            wanted.setdefault(path, set()).add(rest.replace("::", "."))
    shown: list[Excerpt] = []
    for path, names in wanted.items():
        spans = symbols_of(path, repository.texts[path])
        chosen = [s for n, s in enumerate(spans) if (n == 0 and not s.is_function) or s.name in names]
        for span in chosen:
            part = excerpt(repository, path, span.first, span.last)
            if size(part.text) <= room:
                shown.append(part)
                room -= size(part.text)
    return shown


def _middle_cut(text: str, room: int) -> str:
    if size(text) <= room:
        return text
    raw = text.encode("utf-8", "replace")
    half = room // 2
    return f"{raw[:half].decode('utf-8', 'ignore')}\n...\n{raw[-half:].decode('utf-8', 'ignore')}"
