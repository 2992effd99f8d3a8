"""A solver that hands over all it can see; the canary test lays it into a project's solvers as a plug."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import canary

from bugladder.records import Attempt, Candidate, Solution, Task
from bugladder.workspace import Bench

_EYES = Path(canary.__file__).with_name("spies") / "eyes.py"


@dataclass(frozen=True)
class SpySolver:
    """Looks everywhere that a solver can look; its one attempt's detail maps places to what it saw, as base64."""

    name: str = "spy"

    def solve(self, task: Task, bench: Bench) -> Solution:
        """Collect; hands in nothing."""
        seen = look(task, bench)
        detail: dict[str, Any] = {place: base64.b64encode(content).decode() for place, content in seen.items()}
        attempt = Attempt(0, "look", None, None, None, "all was looked at", 0.0, detail=detail)
        return Solution(Candidate(task.instance_id, None, reason="a spy hands in nothing"), (attempt,))


def look(task: Task, bench: Bench) -> dict[str, bytes]:
    """Places and what was seen there: the sandbox, a test run's report, and the objects that the solver is handed.

    Prompts and requests as a server got them become places here once there are models.
    """
    places = canary.of_objects(task=task, bench=bench)
    done = bench.workspace.run("python", "-c", _EYES.read_text(encoding="utf-8"))
    places["object words"] = done.stderr
    for line in done.stdout.decode().splitlines():
        place, content = json.loads(line)
        places[place] = base64.b64decode(content)
    report = bench.workspace.test(timeout_s=60.0)
    texts = [report.command.stdout, report.command.stderr, repr(report.results).encode("utf-8", "surrogatepass")]
    return {**places, "test run": b"\n".join(texts)}
