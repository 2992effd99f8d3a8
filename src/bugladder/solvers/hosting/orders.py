"""Decides what runs inside: our own program, which carries connections and keeps the time, and under it the agent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bugladder.records import Command, Guest
from bugladder.solvers.hosting.checkout import Checkout
from bugladder.solvers.hosting.server import CLOCK
from bugladder.workspace import Workspace

TIMED_OUT, DOOR_SHUT = 124, 75
"""The exit codes that bugladder_host.py has of its own; an agent may have the same."""
_HOST = Path(__file__).parent.parent / "programs" / "bugladder_host.py"
# The sandbox has a network of its own, where nobody else listens.
_PORT = 8765
_BASE_URL = f"http://127.0.0.1:{_PORT}/v1"


@dataclass(frozen=True)
class Order:
    """An agent's command line and variables, with words in braces for places inside, and its time."""

    argv: Sequence[str]
    env: Mapping[str, str]
    limit_s: float


def command_of(order: Order, checkout: Checkout, workspace: Workspace, patience_s: float) -> Command:
    """Lay our program into the scratch folder; the command that runs it and the agent.

    Args:
        order: what is to run.
        checkout: what the agent works on.
        workspace: where.
        patience_s: most that may be added to the agent's time.

    Raises:
        InfrastructureError: the sandbox did not take the program.
    """
    workspace.write({_HOST.name: _HOST.read_bytes()}, workspace.session.scratch)
    words = {**asdict(checkout), "agent": Guest.FOLDER, "base_url": _BASE_URL}
    door = dict.fromkeys(("OPENAI_BASE_URL", "OPENAI_API_BASE"), _BASE_URL) | {"OPENAI_API_KEY": "unused"}
    told = {
        "argv": [_filled(text, words) for text in order.argv],
        "env": {**_repository_env(workspace), **door, **{k: _filled(v, words) for k, v in order.env.items()}},
        "port": _PORT,
        "socket": Guest.SOCKET,
        "timeout_s": order.limit_s,
        "clock": CLOCK,
    }
    argv = ("python", "-I", "-S", f"{workspace.session.scratch}/{_HOST.name}")
    return Command(argv, order.limit_s + patience_s, stdin=json.dumps(told).encode())


def _repository_env(workspace: Workspace) -> dict[str, str]:
    """What makes the repository's own tests run when the agent calls them."""
    root = workspace.session.root
    own = [root if path == "." else f"{root}/{path}" for path in workspace.spec.pythonpath]
    return {**dict(workspace.spec.env), "PYTHONPATH": ":".join([*own, *workspace.session.pythonpath])}


def _filled(text: str, words: Mapping[str, str]) -> str:
    """Only these words in braces: a command line may hold other ones."""
    for word, place in words.items():
        text = text.replace(f"{{{word}}}", place)
    return text
