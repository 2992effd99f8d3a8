"""A chat that replies from a list and keeps what it was asked: what tests of solvers talk to instead of a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bugladder.records.chats import Question, Reply, Usage

Line = Reply | dict[str, Any] | str | Callable[[Question], Any]


@dataclass
class ListedChat:
    """Implements protocols.Chat. A line is a reply, an object or text to reply with, or a function of the question.

    Every reply costs `tokens` in and out; a question beyond the list is an error that says so.
    """

    lines: Iterable[Line]
    tokens: tuple[int, int] = (100, 10)
    asked: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = iter(self.lines)

    def ask(self, question: Question) -> Reply:
        """The next line's reply."""
        self.asked.append(question)
        line = next(self._left, None)
        if line is None:
            raise LookupError(f"question {len(self.asked)} ({question.step}) was not expected")
        if callable(line):
            line = line(question)
        if isinstance(line, Reply):
            return line
        text = line if isinstance(line, str) else json.dumps(line)
        return Reply(text, "stop", "listed", Usage(*self.tokens))

    @property
    def steps(self) -> list[str]:
        """What was asked, in order."""
        return [question.step for question in self.asked]

    def prompt(self, number: int) -> str:
        """The whole text of a question, counted from 0 (or from the end)."""
        return "\n".join(message.content for message in self.asked[number].messages)
