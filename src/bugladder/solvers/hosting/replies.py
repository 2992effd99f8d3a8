"""Decides how a reply or a refusal looks to a foreign program: as an OpenAI-compatible server would send it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bugladder.records.chats import Reply, Usage
from bugladder.solvers.hosting.requests import ForeignRequest

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What is sent: an HTTP status, a content type and a body."""

    status: int
    body: bytes
    content_type: str = JSON


def answer_with(reply: Reply, request: ForeignRequest, number: int) -> Answer:
    """A reply as the program asked for it: one object, or the same as a short stream of events.

    Args:
        reply: the model's.
        request: what it answers.
        number: of the call, for its id; no clock and no chance is in the answer, so that equal runs stay equal.
    """
    head = {"id": f"chatcmpl-{number}", "created": 0, "model": reply.model_answered}
    if not request.is_streamed:
        choice = {"index": 0, "message": _message(reply), "finish_reason": reply.finish_reason, "logprobs": None}
        return answer_json(
            200, {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(reply.usage)}
        )
    events = [f"data: {json.dumps({**head, **chunk})}\n\n" for chunk in _chunks(reply, request)]
    return Answer(200, "".join([*events, "data: [DONE]\n\n"]).encode(), "text/event-stream")


def refuse(status: int, code: str, message: str) -> Answer:
    """A refusal in the shape that SDKs turn into their errors."""
    return answer_json(status, {"error": {"message": message, "type": code, "code": code, "param": None}})


def answer_json(status: int, value: dict[str, Any]) -> Answer:
    """A JSON object as an answer."""
    return Answer(status, json.dumps(value).encode())


def _message(reply: Reply) -> dict[str, Any]:
    if reply.raw is not None:
        return {"role": "assistant", **reply.raw}
    return {"role": "assistant", "content": reply.text, **({"refusal": reply.refusal} if reply.refusal else {})}


def _chunks(reply: Reply, request: ForeignRequest) -> Iterator[dict[str, Any]]:
    message = {k: v for k, v in _message(reply).items() if v is not None}
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [{"index": n, **call} for n, call in enumerate(calls)]
    kind = {"object": "chat.completion.chunk"}
    yield {**kind, "choices": [{"index": 0, "delta": message, "finish_reason": None}]}
    yield {**kind, "choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish_reason}]}
    if request.wants_usage:
        yield {**kind, "choices": [], "usage": _usage(reply.usage)}


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.tokens_in,
        "completion_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
        "prompt_tokens_details": {"cached_tokens": usage.tokens_cached},
        "completion_tokens_details": {"reasoning_tokens": usage.tokens_reasoning},
    }
