"""Routes by what a task's face shows: a small model for the easy ones, a big one for the hard ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bugladder.models.openai_chat import OpenAIChat
from bugladder.records import BugladderError, Difficulty, Task
from bugladder.records.chats import Question, Reply

_MINI = frozenset({Difficulty.EASY, Difficulty.MEDIUM})


@dataclass(frozen=True)
class TieredChat:
    """Two models, chosen between by the task's apparent difficulty, which nothing of the answer is in."""

    name: str
    mini: OpenAIChat
    big: OpenAIChat

    @property
    def max_output_tokens(self) -> int:
        """The larger of the two bounds."""
        return max(self.mini.max_output_tokens, self.big.max_output_tokens)

    def for_task(self, task: Task) -> OpenAIChat:
        """The mini one for easy and medium, the big one for hard and very hard."""
        return self.mini if task.apparent_difficulty in _MINI else self.big

    def identity(self) -> dict[str, Any]:
        """Both models' identities."""
        return {"model": self.name, "mini": self.mini.identity(), "big": self.big.identity()}

    def try_once(self, question: Question) -> Reply:
        """Refuse: without a task there is nothing to route by.

        Raises:
            BugladderError: always.
        """
        raise BugladderError(f"model {self.name!r}: step {question.step!r} must ask the model that for_task chooses")
