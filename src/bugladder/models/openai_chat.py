"""A model behind the chat completions API: decides what a request holds and what makes two requests the same."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from bugladder.models.connections import Endpoint, post
from bugladder.models.failures import end_of
from bugladder.models.replies import read_reply
from bugladder.models.schemas import strict_schema
from bugladder.records import BugladderError, Task
from bugladder.records.chats import Question, Reply

OPENAI_URL = "https://api.openai.com/v1"
_BOUNDS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True)
class OpenAIChat:
    """Settings of one model. No key is ever one of them: api_key_env is the name of a variable, read at each try.

    Args:
        name: the choice's name in conf.
        model: the model's name as the server knows it.
        base_url: None for OpenAI's own; no variable of the environment overrides it.
        api_key_env: None for a server that asks for no key; the default, so that no server gets a key unasked.
        structured: how a reply gets its shape: "schema" is decoding by a strict JSON schema, "json" is JSON mode with
            the schema in the system message, "text" the latter without JSON mode.
        temperature: None for the server's own; a question's own goes first.
        sends_temperature: False where the server refuses the parameter; then a question's own is dropped too.
        seed: None where the server knows none; otherwise the question's sample is added to it.
        max_output_tokens: reasoning included.
        max_output_key: the parameter that bounds the output; older servers know only max_tokens.
        timeout_s: from the first byte sent to the last received, whatever comes in between.
        extra_body: parameters of this server, laid over the request.
    """

    name: str
    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    structured: Literal["schema", "json", "text"] = "schema"
    temperature: float | None = None
    sends_temperature: bool = True
    top_p: float | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    max_output_tokens: int = 8192
    max_output_key: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    timeout_s: float = 300.0
    extra_body: dict[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse what no request could be made of."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
            raise BugladderError("base_url: should be http(s)://host/path without user, password or query")
        for key in ("max_output_tokens", "timeout_s"):
            if getattr(self, key) <= 0:
                raise BugladderError(f"{key}: {getattr(self, key)} should be above 0")
        taken = {"model", "messages", "stream", "n", *_BOUNDS} & self.extra_body.keys()
        if taken:
            raise BugladderError(f"extra_body: {', '.join(sorted(taken))} is not free; use the settings beside it")

    @property
    def url(self) -> str:
        """The base URL that is asked."""
        return self.base_url if self.base_url is not None else OPENAI_URL

    def for_task(self, task: Task) -> OpenAIChat:  # noqa: ARG002 - the protocol's parameter
        """Itself."""
        return self

    def identity(self) -> dict[str, Any]:
        """All settings that reach a request, and where it goes."""
        return {
            "model": self.model,
            "base_url": self.url,
            "structured": self.structured,
            "max_output_key": self.max_output_key,
            "max_output_tokens": self.max_output_tokens,
            "sends_temperature": self.sends_temperature,
            **self._sampling(0, None),
            "extra_body": dict(self.extra_body),
        }

    def request(self, question: Question) -> dict[str, Any]:
        """The body of the request, JSON-ready, as the server gets it."""
        if question.raw is not None:
            return self._raw_request(question.raw)
        body = {
            "model": self.model,
            "messages": self._messages(question),
            self.max_output_key: self.max_output_tokens,
            **self._sampling(question.sample, question.temperature),
            **self._response_format(question),
            **self.extra_body,
        }
        return dict(_sendable(body))

    def try_once(self, question: Question) -> Reply:
        """One request, one reply.

        A question that the server refuses for its own sake is a reply without text: finish_reason "context_length"
        where it is too long for the model, "content_filter" where its words are not accepted, "bad_request" where a
        foreign program's request is malformed; none is charged.

        Raises:
            TryError: this try failed, another one may not.
            BugladderError: no try can succeed (no key, unknown model, refused key, malformed request, no credit).
        """
        import httpx2
        import openai

        endpoint = Endpoint(self.url, self.model, self.timeout_s, self.api_key_env, self._key())
        body = self.request(question)
        try:
            data = post(endpoint, body)
        except (openai.APIError, httpx2.HTTPError, TimeoutError) as error:
            return end_of(error, endpoint, is_foreign=question.raw is not None)
        return read_reply(data, endpoint, keeps_raw=question.raw is not None)

    def _key(self) -> str | None:
        if self.api_key_env is None:
            return None
        key = os.environ.get(self.api_key_env, "").strip()
        if not key:
            raise BugladderError(f"{self.api_key_env}: the variable is not set; model {self.name!r} needs a key in it")
        if not (key.isascii() and key.isprintable()):
            # the transport would put such a header into its own error
            raise BugladderError(f"{self.api_key_env}: the key holds characters that no header can; set it again")
        return key

    def _sampling(self, sample: int, temperature: float | None) -> dict[str, Any]:
        chosen = temperature if temperature is not None else self.temperature
        found = {
            "temperature": chosen if self.sends_temperature else None,
            "top_p": self.top_p,
            "seed": None if self.seed is None else self.seed + sample,
            "reasoning_effort": self.reasoning_effort,
        }
        return {key: value for key, value in found.items() if value is not None}

    def _messages(self, question: Question) -> list[dict[str, str]]:
        messages = [{"role": m.role, "content": m.content} for m in question.messages]
        if question.schema is None or self.structured == "schema":
            return messages
        words = f"Answer with one JSON object of this JSON schema and nothing else:\n{json.dumps(question.schema)}"
        if messages and messages[0]["role"] == "system":
            return [{"role": "system", "content": f"{messages[0]['content']}\n\n{words}"}, *messages[1:]]
        return [{"role": "system", "content": words}, *messages]

    def _response_format(self, question: Question) -> dict[str, Any]:
        if question.schema is None or self.structured == "text":
            return {}
        if self.structured == "json":
            return {"response_format": {"type": "json_object"}}
        wanted = {"name": question.schema_name, "strict": True, "schema": strict_schema(question.schema)}
        return {"response_format": {"type": "json_schema", "json_schema": wanted}}

    def _raw_request(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """A foreign program's request under our model's name and bound; its own lower bound holds."""
        asked = [raw[key] for key in _BOUNDS if isinstance(raw.get(key), int)]
        body = {
            **{key: value for key, value in raw.items() if key not in {"stream", "stream_options", *_BOUNDS}},
            "model": self.model,
            self.max_output_key: min([self.max_output_tokens, *asked]),
            **self.extra_body,
        }
        return dict(_sendable(body))


def _sendable(value: Any) -> Any:
    """Lone surrogates (bytes of a file that were no text) have no place in UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_sendable(key): _sendable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_sendable(inner) for inner in value]
    return value
