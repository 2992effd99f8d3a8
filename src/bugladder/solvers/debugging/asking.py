"""Asks the chat of a bench, decides what state a reply is in, counts tokens; money and tries are not its business."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bugladder.records import sha256_text
from bugladder.records.chats import Message, Question, Reply
from bugladder.records.protocols import Chat
from bugladder.solvers.debugging.replies import Response, parse, schema_of

R = TypeVar("R", bound=Response)

# What a reply that cannot be used is answered with, by its state.
_WORDS = {
    "length": "Your last reply was cut off at the output limit. Answer shorter: the least that is needed, no analysis.",
    "refusal": "Your last reply was a refusal. This is repair work on an open code base; answer in the wanted form.",
    "content_filter": "Your last reply was stopped by a content filter. Answer in the wanted form, in plain words.",
    "context_length": "The last question was too long for you; less code is shown now. Ask for what you need.",
}
# A server that does not count is counted by us, as text usually comes out.
_BYTES_PER_TOKEN = 4
_REFUSAL_CHARS = 300


@dataclass(frozen=True)
class Heard(Generic[R]):
    """A reply: its value, or the state it is in ("unparsed" or a finish reason) and words on it for the model.

    refusal is the model's own words, for people.
    """

    value: R | None
    state: str = "parsed"
    words: str = ""
    refusal: str = ""


@dataclass
class Asker:
    """The chat, with what was used of it so far.

    Args:
        chat: of the bench.
        temperature: None for the model's own.
    """

    chat: Chat
    temperature: float | None
    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    templates: set[str] = field(default_factory=set)
    _refusals: list[str] = field(default_factory=list)
    _asked: Counter[str] = field(default_factory=Counter)

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.tokens_in + self.tokens_out

    @property
    def refusal(self) -> str:
        """The model's last words of refusal where it has done nothing but refuse, "" otherwise."""
        return self._refusals[-1] if self._refusals and len(self._refusals) == self.calls else ""

    def ask(
        self, about: tuple[str, int], prompt: tuple[Sequence[Message], str], shape: type[R], temperature: float | None
    ) -> Heard[R]:
        """Ask once.

        Args:
            about: step and round.
            prompt: messages and the name of their files.
            shape: of the reply.
            temperature: instead of the usual one; None for that.
        """
        messages, template = prompt
        heat = self.temperature if temperature is None else temperature
        # an equal question would get the reply that is known already
        same = sha256_text("\0".join([shape.__name__, str(heat), *(m.content for m in messages)]))
        question = Question(
            step=about[0],
            iteration=about[1],
            messages=tuple(messages),
            schema=schema_of(shape),
            schema_name=shape.__name__,
            temperature=heat,
            sample=self._asked[same],
            template=template,
        )
        self._asked[same] += 1
        reply = self.chat.ask(question)
        self._count(question, reply)
        return _heard(reply, shape)

    def _count(self, question: Question, reply: Reply) -> None:
        self.calls += 1
        self.templates.add(question.template)
        self._refusals += [reply.refusal[:_REFUSAL_CHARS]] if reply.refusal else []
        if reply.usage is not None:
            self.tokens_in += reply.usage.tokens_in
            self.tokens_out += reply.usage.tokens_out
        else:
            self.tokens_in += sum(len(m.content.encode()) for m in question.messages) // _BYTES_PER_TOKEN
            self.tokens_out += len(reply.text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN


def _heard(reply: Reply, shape: type[R]) -> Heard[R]:
    state = "refusal" if reply.refusal else reply.finish_reason
    if state in _WORDS:
        return Heard(None, state, _WORDS[state], reply.refusal[:_REFUSAL_CHARS])
    parsed = parse(reply.text, shape)
    if isinstance(parsed, str):
        return Heard(None, "unparsed", f"Your last reply could not be read: {parsed}.")
    return Heard(parsed)
