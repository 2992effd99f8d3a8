"""Decides what of a server's reply is believed: a choice with a message is a reply, anything else a failed try."""

from __future__ import annotations

import json
from typing import Any

from bugladder.models.connections import Endpoint
from bugladder.records.chats import Reply, TryError, Usage

# Quoted to its first 80 characters; read further, so that no key is cut in half before it is found.
_START_BYTES = 1000


def read_reply(data: bytes, endpoint: Endpoint, *, keeps_raw: bool = False) -> Reply:
    """The first choice of a chat completion.

    Args:
        data: the body of a reply with a good status.
        endpoint: who answered; its model's name stands in where the server names none.
        keeps_raw: hand on the message as it came.

    Raises:
        TryError: no JSON, an error in place of a completion, or no choice with a message; it may have been charged.
    """
    completion = _decoded(data, endpoint)
    choice = _first(completion.get("choices"))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise TryError(f"{endpoint.where}: {endpoint.quote(_complaint(completion))}", may_be_charged=True)
    return Reply(
        text=_text(message.get("content")),
        finish_reason=_string(choice.get("finish_reason")) or "unknown",
        model_answered=_string(completion.get("model")) or endpoint.model,
        usage=read_usage(completion.get("usage")),
        refusal=_string(message.get("refusal")),
        raw=message if keeps_raw else None,
    )


def read_usage(node: Any) -> Usage | None:
    """Tokens as the server counted them; None where it did not say both or said nonsense."""
    if not isinstance(node, dict):
        return None
    tokens_in, tokens_out = _count(node.get("prompt_tokens")), _count(node.get("completion_tokens"))
    if tokens_in is None or tokens_out is None:
        return None
    return Usage(
        tokens_in,
        tokens_out,
        tokens_cached=min(tokens_in, _part(node, "prompt_tokens_details", "cached_tokens")),
        tokens_reasoning=min(tokens_out, _part(node, "completion_tokens_details", "reasoning_tokens")),
    )


def _decoded(data: bytes, endpoint: Endpoint) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        start = endpoint.quote(data[:_START_BYTES].decode("utf-8", "replace"))[:80]
        raise TryError(f"{endpoint.where}: the reply is no JSON object ({start!r})", may_be_charged=True)
    return found


def _complaint(completion: dict[str, Any]) -> str:
    error = completion.get("error")
    words = error.get("message") if isinstance(error, dict) else error
    if words:
        return f"the server answers with an error: {words}"
    return "the reply holds no choice with a message"


def _first(choices: Any) -> dict[str, Any]:
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def _text(content: Any) -> str:
    """Some servers answer with a list of parts."""
    if isinstance(content, list):
        return "".join(_string(part.get("text")) for part in content if isinstance(part, dict))
    return _string(content)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _part(node: dict[str, Any], details: str, name: str) -> int:
    inner = node.get(details)
    return _count(inner.get(name)) or 0 if isinstance(inner, dict) else 0
