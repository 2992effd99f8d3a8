"""A foreign agent on the tiny bug: a real sandbox, a real meter, and a model's server that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_acts import Behaviour
from chat_server import ChatServer
from tiny_bug import BUGGY, OLD_TESTS, PINS, seed_sdist

from bugladder.models.openai_chat import OpenAIChat
from bugladder.records import Difficulty, Environment, RunnerSpec, Task
from bugladder.records.prices import Price, PriceTable
from bugladder.running.items import AskSettings, BatchSettings
from bugladder.running.metering.meter import Meter, Spending, open_meter
from bugladder.running.opening import workspace_opener
from bugladder.running.solving import SolveWork
from bugladder.sandboxes.local import LocalSandbox
from bugladder.solvers.command import CommandSolver

PROGRAM = (Path(__file__).parent / "spies" / "guest_program.py").read_text(encoding="utf-8")
KEY_VARIABLE = "GUESTS_MODEL_KEY"
MODEL = "served-model"
PRICE = Price(1.0, 1.0, 10.0)


def agent(*words: str, **settings: Any) -> CommandSolver:
    """A solver that runs the scripted agent with these words."""
    return CommandSolver("scripted_agent", ("python", "-c", PROGRAM, *words), **{"timeout_s": 30.0, **settings})


@dataclass
class GuestWorld:
    """Where an agent works; task is the tiny bug's."""

    server: ChatServer
    meter: Meter
    sandbox: LocalSandbox
    task: Task

    def work(self, solver: CommandSolver) -> dict[str, Any]:
        """What running makes of the solver on the task."""
        model = OpenAIChat("served", MODEL, self.server.base_url, api_key_env=KEY_VARIABLE, max_output_tokens=1000)
        opener = workspace_opener(self.sandbox, 60.0, label="guest")
        return SolveWork(solver, opener, 0, 120.0, self.meter.chat_maker(model))(self.task)


@contextmanager
def guest_world(cache: Path, behaviour: Behaviour, budget_usd: float = 10.0, **fields: Any) -> Iterator[GuestWorld]:
    """A world around one cache folder."""
    files = {"tiny.py": BUGGY, "tests/test_tiny.py": OLD_TESTS, "README.md": b"tiny\n"}
    environment = Environment(seed_sdist(cache, "tiny", "1.0", files), PINS, RunnerSpec("pytest", ("tests",)))
    values = {"problem_statement": "add gives a wrong result", "public_fail_to_pass": ("tests/test_new.py::test_add",)}
    task = Task(
        instance_id="tiny-1.0-1.1", dataset="pypi", origin="release", repo="tiny", environment=environment,
        public_pass_to_pass=(), apparent_difficulty=Difficulty.EASY, protocol="split", **{**values, **fields},
    )  # fmt: skip
    spending = Spending("guests", budget_usd, PriceTable("2026-01-01", {MODEL: PRICE}))
    batch = BatchSettings(model=AskSettings(tries=2, base_delay_s=0.01))
    with ChatServer(behaviour) as server, open_meter(cache / "responses.db", spending, batch) as meter:
        yield GuestWorld(server, meter, LocalSandbox(cache=str(cache), tool_requirements=()), task)


def calls_tool(command: str) -> dict[str, Any]:
    """The body of a reply that calls an agent's `bash` tool."""
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    call = {"id": "call-1", "type": "function", "function": function}
    message = {"role": "assistant", "content": "Let me see.", "tool_calls": [call]}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return {"id": "c", "object": "chat.completion", "created": 0, "model": None, "choices": [choice], "usage": usage}
