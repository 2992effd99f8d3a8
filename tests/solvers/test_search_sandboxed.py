"""The solver in the sandbox that it is meant for."""

from __future__ import annotations

import random

import pytest
from test_search import FAILING, FILES, PASSING
from tiny_bug import PINS, seed_sdist

from bugladder.records import Difficulty, Environment, RunnerSpec, Task
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox
from bugladder.solvers.search import SearchSolver
from bugladder.workspace import Bench, Deadline


@pytest.mark.parametrize("force_open", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_search_repairs_in_the_local_sandbox(cache, force_open):
    """In a sandbox with its own environment the bug is fixed, closed and open alike, and the tree is left as it was."""
    source = seed_sdist(cache, "shelf", "1.0", {path: text.encode() for path, text in FILES.items()})
    environment = Environment(source, PINS, RunnerSpec("pytest", ("tests",)))
    task = Task(
        "shelf-1",
        "pypi",
        "injected",
        "shelf",
        "",
        environment,
        tuple(FAILING),
        tuple(PASSING),
        Difficulty.EASY,
        "split",
    )
    sandbox = LocalSandbox(cache=str(cache), force_open=force_open)
    with workspace_opener(sandbox, 60.0)(environment, {}) as workspace:
        before = workspace.tree()
        solution = SearchSolver(max_candidates=20).solve(task, Bench(workspace, random.Random(0), Deadline(300)))
        assert workspace.tree() == before
    assert "+        if len(self.books) >= self.size:" in solution.candidate.patch
    assert solution.attempts[0].detail["evaluated"] == 20
