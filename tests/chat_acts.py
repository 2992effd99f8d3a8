"""What a chat completions server may do with one request: answer, refuse, stall, break off or talk nonsense."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Act:
    """What the server does with one request.

    Args:
        body: bytes as they are, or JSON; a JSON body whose "model" is None answers with the model that was asked.
        latency_s: wait before the first byte.
        hold: wait for this event before the first byte.
        cut_after: close the connection after so many bytes of the body; -1 before any byte of the reply.
        is_endless: send the headers, then one blank after the other until the client leaves.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | dict[str, Any] = b""
    latency_s: float = 0.0
    hold: threading.Event | None = None
    cut_after: int | None = None
    is_endless: bool = False


Behaviour = Callable[[dict[str, Any], int], Act]
"""From the decoded request and its number, from 0 in order of arrival; called by one thread at a time."""


def reply(
    text: str | None = "ok",
    *,
    tokens: tuple[int, int] | None = (100, 20),
    cached: int = 0,
    reasoning: int = 0,
    finish_reason: str = "stop",
    model: str | None = None,
    refusal: str | None = None,
    latency_s: float = 0.0,
    hold: threading.Event | None = None,
) -> Act:
    """A normal reply; tokens are (input, output), None leaves usage out; model None echoes the one that was asked."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}],
    }
    if tokens is not None:
        body["usage"] = {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "total_tokens": sum(tokens),
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
    return Act(body=body, latency_s=latency_s, hold=hold)


def failure(status: int, message: str = "no", *, code: str | None = None, headers: dict[str, str] | None = None) -> Act:
    """An error in the API's own form."""
    error = {"message": message, "type": "error", "param": None, "code": code}
    return Act(status=status, headers=headers or {}, body={"error": error})


def rate_limit(headers: dict[str, str] | None = None, code: str = "rate_limit_exceeded") -> Act:
    """429; headers such as {"Retry-After": "2"} or {"retry-after-ms": "1500"}."""
    return failure(429, "too many requests", code=code, headers=headers)


def wrong_model() -> Act:
    """404 as for a model that the server does not have."""
    return failure(404, "The model does not exist", code="model_not_found")


def too_long() -> Act:
    """400 as for messages beyond the model's context."""
    return failure(400, "This model's maximum context length is 10 tokens", code="context_length_exceeded")


def dropped() -> Act:
    """The connection ends before any byte of a reply."""
    return Act(cut_after=-1)


def cut(text: str = "ok", after: int = 40) -> Act:
    """The connection ends in the middle of the body."""
    return Act(body=reply(text).body, cut_after=after)


def endless() -> Act:
    """A reply that never ends though bytes keep coming."""
    return Act(is_endless=True)


def malformed() -> Act:
    """A body that is no JSON although its type says so."""
    return Act(body=b'{"id": "chatcmpl-1", "choices": [{')


def in_order(*acts: Act) -> Behaviour:
    """One act after the other; the last one is repeated."""
    return lambda _request, n: acts[min(n, len(acts) - 1)]


def mixed(_request: dict[str, Any], n: int) -> Act:
    """Of ten requests four are answered badly, each time in another way."""
    bad = (rate_limit({"Retry-After": "0"}), failure(500), dropped(), cut(), malformed(), failure(503), rate_limit())
    return bad[(n // 10 * 4 + n % 10) % len(bad)] if n % 10 < 4 else reply()


NAMED: dict[str, Behaviour] = {"plain": in_order(reply()), "mixed": mixed}
