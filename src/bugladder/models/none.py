"""No model: what solvers run with that ask none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bugladder.records import BugladderError, Task
from bugladder.records.chats import Question, Reply


@dataclass(frozen=True)
class NoModel:
    """Stands where a model would; asking it is an error that says what to choose instead."""

    name: str = "none"
    max_output_tokens: int = 0

    def for_task(self, task: Task) -> NoModel:  # noqa: ARG002 - the protocol's parameter
        """Itself."""
        return self

    def identity(self) -> dict[str, Any]:
        """Nothing but that there is none."""
        return {"model": None}

    def try_once(self, question: Question) -> Reply:
        """Refuse.

        Raises:
            BugladderError: always.
        """
        raise BugladderError(f"model=none: step {question.step!r} asks a model; choose one, for example model=gpt-4o")
