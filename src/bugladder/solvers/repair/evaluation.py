"""Tries mutants on the public failing tests through the forked server in the sandbox; each counts once, in order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bugladder.records import CommandResult, Files
from bugladder.solvers.repair.launching import SERVER, Launcher, launcher
from bugladder.solvers.repair.source import Edit
from bugladder.workspace import Deadline, Workspace

# Loading pytest and running the unchanged code three times, on a busy machine.
_START_S = 60.0


@dataclass(frozen=True)
class TrialLimits:
    """Bounds of one candidate: wall seconds, CPU (a multiple of the unchanged code's, at least a floor), memory."""

    timeout_s: float
    cpu_factor: float
    cpu_floor_s: float
    memory_mb: int


@dataclass(frozen=True)
class Trial:
    """What became of one mutant: done, timeout or crashed; how many of the wanted tests passed; CPU seconds."""

    status: str
    passed: int
    is_pass: bool
    cpu_s: float


@dataclass
class Evaluation:
    """Trials by the number of the mutant; `reason` says why there are none, `was_cut` that the deadline came first."""

    trials: dict[int, Trial] = field(default_factory=dict)
    reason: str = ""
    was_cut: bool = False


def evaluate(
    workspace: Workspace, ids: Sequence[str], edits: Sequence[Edit], limits: TrialLimits, deadline: Deadline
) -> Evaluation:
    """Try every edit on the tests `ids`, each for itself on the unchanged tree.

    A server that a candidate took down is started again behind that candidate, which has crashed. The tree is left
    as it was.
    """
    seat = launcher(workspace, ids)
    before = workspace.tree()
    evaluation = Evaluation()
    preloads = True
    while (pending := [n for n in range(len(edits)) if n not in evaluation.trials]) and not evaluation.reason:
        if deadline.is_over:
            evaluation.was_cut = True
            break
        wanted = _START_S + limits.timeout_s * (len(pending) + 3)
        bound_s = min(deadline.remaining_s, wanted)
        result = _serve(seat, {n: edits[n] for n in pending}, limits, bound_s, preloads=preloads)
        events = _events(result)
        baseline = next((e for e in events if e["event"] == "baseline"), None)
        evaluation.reason = _void(baseline, result)
        for event in events:
            if event["event"] == "trial":
                evaluation.trials[event["n"]] = _trial(event)
        is_over = any(e["event"] == "end" for e in events)
        if not is_over:
            _put_back(workspace, before)
        if result.timed_out:
            evaluation.was_cut = True
            break
        if baseline is not None and preloads and not baseline["is_stable"]:
            preloads = False
        elif not is_over and not evaluation.reason:
            evaluation.trials[next(n for n in pending if n not in evaluation.trials)] = Trial("crashed", 0, False, 0.0)
    return evaluation


def _put_back(workspace: Workspace, before: Mapping[str, bytes]) -> None:
    """Undo what a trial that nobody ended left in the tree."""
    now = workspace.tree()
    changed: Files = {path: content for path, content in before.items() if now.get(path) != content}
    workspace.write({**dict.fromkeys(set(now) - set(before)), **changed})


def _serve(
    seat: Launcher, edits: dict[int, Edit], limits: TrialLimits, timeout_s: float, *, preloads: bool
) -> CommandResult:
    order = {
        "scratch": seat.folder,
        "ids": list(seat.ids),
        "preloads": preloads,
        "timeout_s": limits.timeout_s,
        "cpu_factor": limits.cpu_factor,
        "cpu_floor_s": limits.cpu_floor_s,
        "memory_mb": limits.memory_mb,
    }
    lines = [
        json.dumps({"n": n, "path": e.path, "start": e.start, "end": e.end, "text": e.text}).encode()
        for n, e in edits.items()
    ]
    return seat.workspace.session.run(seat.command(SERVER, order, lines, timeout_s))


def _events(result: CommandResult) -> list[dict[str, Any]]:
    lines = result.stdout.split(b"\n")
    # what follows the last line break was cut off by the end of the server
    return [json.loads(line) for line in lines[:-1]]


def _void(baseline: dict[str, Any] | None, result: CommandResult) -> str:
    if baseline is None:
        return "" if result.timed_out else f"the candidate server did not start (exit code {result.exit_code})"
    return "the public failing tests pass on the unchanged code when run alone" if baseline.get("is_pass") else ""


def _trial(event: dict[str, Any]) -> Trial:
    return Trial(
        event["status"], event.get("passed", 0), event["status"] == "done" and event["is_pass"], event["cpu_s"]
    )
