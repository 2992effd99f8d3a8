"""One run of the public tests under coverage, inside the sandbox, read as a spectrum."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bugladder.records import Task
from bugladder.solvers.repair.launching import TRACER, launcher
from bugladder.solvers.repair.localisation import Spectrum, sample_passing
from bugladder.workspace import Workspace


@dataclass(frozen=True)
class TracingLimits:
    """Bounds of the traced run: passing tests beside the failing ones, seconds per test and in all."""

    max_passing: int
    test_timeout_s: float
    timeout_s: float


def trace(workspace: Workspace, task: Task, sources: Sequence[str], limits: TracingLimits) -> Spectrum | None:
    """Run public failing and passing tests under coverage with a context per test.

    Args:
        workspace: open at the buggy state.
        task: names the public tests.
        sources: the files whose lines count, relative to the root.
        limits: bounds.

    Returns:
        The spectrum, or None where the run wrote no readable answer.
    """
    passing = sample_passing(task.public_fail_to_pass, task.public_pass_to_pass, limits.max_passing)
    seat = launcher(workspace, (*task.public_fail_to_pass, *passing))
    output = f"{seat.folder}/spectrum.json"
    order = {
        "sources": list(sources),
        "test_timeout_s": limits.test_timeout_s,
        "output": output,
    }
    workspace.session.run(seat.command(TRACER, order, (), limits.timeout_s))
    written = workspace.run("cat", output)
    if written.exit_code != 0 or written.is_truncated:
        return None
    return read_spectrum(json.loads(written.stdout), task.public_fail_to_pass)


def read_spectrum(answer: dict[str, Any], should_pass: Sequence[str]) -> Spectrum:
    """The tracer's answer as a spectrum; of the tests that should pass, those count as failing that did not pass."""
    contexts: list[str] = answer["contexts"]
    outcomes: dict[str, bool] = answer["passed"]
    covered: dict[str, dict[int, frozenset[str]]] = defaultdict(dict)
    imported: dict[str, frozenset[int]] = {}
    for path, lines in answer["files"].items():
        for line, numbers in lines.items():
            names = {contexts[n] for n in numbers}
            if "" in names:
                imported[path] = imported.get(path, frozenset()) | {int(line)}
            if names - {""}:
                covered[path][int(line)] = frozenset(names - {""})
    return Spectrum(
        failing=frozenset(i for i in should_pass if outcomes.get(i) is False),
        passing=frozenset(i for i, passed in outcomes.items() if passed is True and i not in set(should_pass)),
        covered=dict(covered),
        imported=imported,
    )
