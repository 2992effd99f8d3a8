"""What goes to a chat model and what comes back, as plain records; money is no part of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bugladder.records.terms import BugladderError, InfrastructureError

CONTEXT_LENGTH = "context_length"
"""finish_reason where the messages are longer than the model can take: no text, no tokens, nothing charged."""
CONTENT_FILTER = "content_filter"
BAD_REQUEST = "bad_request"
"""finish_reason where the server takes a foreign program's request for malformed; likewise."""
REFUSED = frozenset({CONTEXT_LENGTH, CONTENT_FILTER, BAD_REQUEST})


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Question:
    """What a solver asks.

    Args:
        step: the solver's word for what the question is about ("reproduce", "fix").
        iteration: the solver's round, from 1.
        messages: the whole conversation, oldest first.
        schema: JSON schema of the wanted reply; None for free text.
        schema_name: the schema's name, letters, digits and underscores.
        temperature: None for the model's own.
        sample: another number asks for another sample of an otherwise equal question.
        template: names and digests of the prompt files that made the messages; recorded, no part of the request.
        raw: a foreign program's request body (messages, tools, sampling; neither model nor stream), checked before.
            It is what the model gets, under the model's own name and bound on output; `messages` is then its reading
            for people, for counting and for transcripts.
    """

    step: str
    iteration: int
    messages: tuple[Message, ...]
    schema: dict[str, Any] | None = field(default=None, hash=False)
    schema_name: str = "reply"
    temperature: float | None = None
    sample: int = 0
    template: str = ""
    raw: dict[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Usage:
    """Tokens of one reply: cached ones are a part of the input's, reasoning ones a part of the output's."""

    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0
    tokens_reasoning: int = 0


@dataclass(frozen=True)
class Reply:
    """A model's answer. usage is None where the server did not say; refusal is the model's own words of refusal.

    raw is the message as the server sent it, tool calls and all, where the question was a raw one; None otherwise.
    Where the server refused this very question, text is empty and finish_reason one of `REFUSED`.
    """

    text: str
    finish_reason: str
    model_answered: str
    usage: Usage | None
    refusal: str = ""
    raw: dict[str, Any] | None = field(default=None, hash=False)


class TryError(InfrastructureError):
    """One try at a model failed without a reply.

    Args:
        message: one line for people.
        may_be_charged: the server may have done the work; False only where it surely has not.
        retry_after_s: what the server asked to wait, None where it did not.
        is_rate_limit: the server said that there were too many requests.
    """

    def __init__(
        self,
        message: str,
        *,
        may_be_charged: bool,
        retry_after_s: float | None = None,
        is_rate_limit: bool = False,
    ) -> None:
        """Keep what decides about the next try and about money."""
        super().__init__(message)
        self.may_be_charged = may_be_charged
        self.retry_after_s = retry_after_s
        self.is_rate_limit = is_rate_limit


class CapReachedError(BugladderError):
    """The next try might cost more than a cap leaves; nothing was asked. The instance is not_run, not failed.

    Args:
        message: one line for people.
        is_phase: the phase's budget is used up, which pauses the phase; False where only the instance's own cap is.
    """

    def __init__(self, message: str, *, is_phase: bool) -> None:
        """Keep whose cap it was."""
        super().__init__(message)
        self.is_phase = is_phase


class ModelRefusedError(BugladderError):
    """No try can succeed (a refused key, an unknown model), for this instance or any other: the run stops."""
