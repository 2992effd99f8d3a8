"""Decides which chat completion requests of a foreign program are passed on, and what of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from bugladder.records import BugladderError, canonical_json, sha256_text
from bugladder.records.chats import Message

_PASSED_ON = frozenset(
    {
        "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "temperature", "top_p", "stop",
        "seed", "max_tokens", "max_completion_tokens", "reasoning_effort", "verbosity", "presence_penalty",
        "frequency_penalty", "logit_bias", "logprobs", "top_logprobs",
    }
)  # fmt: skip
# The proxy answers for these itself, or they concern an account that is not the program's.
_DROPPED = frozenset(
    {
        "model", "stream", "stream_options", "n", "user", "metadata", "store", "service_tier", "prompt_cache_key",
        "prompt_cache_retention", "safety_identifier",
    }
)  # fmt: skip
_ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "user",
}  # fmt: skip
_PARTS = frozenset({"text", "refusal"})
# Beyond any schema; what is deeper would only make those stumble who read it next.
_MOST_LEVELS = 40
_TOOLS = frozenset({"function", "custom"})


class BadRequestError(BugladderError):
    """What the program sent is no request that is passed on; said to the program, and its own affair."""


@dataclass(frozen=True)
class ForeignRequest:
    """A checked request.

    Args:
        raw: the body without what the proxy answers for itself.
        is_streamed: the program wants server-sent events.
        wants_usage: it wants the token counts in them too.
    """

    raw: dict[str, Any]
    is_streamed: bool = False
    wants_usage: bool = False

    @property
    def digest(self) -> str:
        """The same for equal requests."""
        return sha256_text(canonical_json(self.raw))

    @property
    def messages(self) -> tuple[Message, ...]:
        """A reading of all that the model will be shown: its tools first, then the conversation."""
        extra = {k: v for k, v in self.raw.items() if k in {"tools", "response_format"}}
        head = (Message("system", canonical_json(extra)),) if extra else ()
        return (*head, *(_reading(m) for m in self.raw["messages"]))


def read_request(body: bytes) -> ForeignRequest:
    """The request in a body.

    Raises:
        BadRequestError: it is no JSON object, asks for more than text and one choice, or for what costs apart.
    """
    found = _decoded(body)
    unknown = sorted(set(found) - _PASSED_ON - _DROPPED)
    if unknown:
        raise BadRequestError(f"{unknown[0]!r} is not passed on; known: {', '.join(sorted(_PASSED_ON))}")
    if found.get("n") not in {None, 1}:
        raise BadRequestError("'n' should be 1: ask again for another choice")
    for name in ("max_tokens", "max_completion_tokens"):
        value = found.get(name, 1)
        if value is not None and (not isinstance(value, int) or value < 1):
            raise BadRequestError(f"{name!r} should be a whole number above 0")
    _check_messages(found.get("messages"))
    _check_tools(found.get("tools"))
    options = found.get("stream_options")
    return ForeignRequest(
        {k: v for k, v in found.items() if k in _PASSED_ON and v is not None},
        is_streamed=found.get("stream") is True,
        wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the body is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise BadRequestError("the body should be a JSON object")
    level: list[Any] = [found]
    for _ in range(_MOST_LEVELS):
        level = [v for x in level for v in (x.values() if isinstance(x, dict) else x if isinstance(x, list) else ())]
    if level:
        raise BadRequestError(f"the body is nested more than {_MOST_LEVELS} levels deep")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise BadRequestError("'messages' should be a list with something in it")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise BadRequestError(f"messages[{number}] should be an object with a role of {', '.join(_ROLES)}")
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        # a picture or a link would be fetched by the server, outside of every fence and every estimate
        if not all(isinstance(p, dict) and p.get("type") in _PARTS for p in parts):
            raise BadRequestError(f"messages[{number}].content: only text is passed on")
        if not isinstance(content, str | list | None) or "audio" in message:
            raise BadRequestError(f"messages[{number}].content: only text is passed on")


def _check_tools(tools: Any) -> None:
    for number, tool in enumerate(tools if isinstance(tools, list) else [] if tools is None else [tools]):
        if not isinstance(tool, dict) or tool.get("type") not in _TOOLS:
            raise BadRequestError(f"tools[{number}]: only functions of the program's own are passed on")


def _reading(message: dict[str, Any]) -> Message:
    rest = {k: v for k, v in message.items() if k != "role"}
    is_plain = set(rest) == {"content"} and isinstance(rest["content"], str)
    return Message(_ROLES[message["role"]], rest["content"] if is_plain else canonical_json(rest))
