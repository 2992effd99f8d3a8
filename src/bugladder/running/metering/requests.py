"""Decides when two requests are the same, and what one may cost at worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bugladder.records import canonical_json, sha256_text, to_plain
from bugladder.records.chats import Question, Reply
from bugladder.records.prices import Price, PriceTable

NANO = 1_000_000_000
"""Nano-dollars in a dollar: money is counted in whole ones, so that no sum drifts."""

_NO_PART = ("step", "iteration", "template")
_TOKENS_PER_MESSAGE = 64
_TOKENS_PER_REQUEST = 1024
"""What a server's own framing of a message, and a model's own words around a request (JSON mode), may add."""


@dataclass(frozen=True)
class Request:
    """A question as one model would get it.

    Args:
        key: sha256 of the whole request: model, base URL, parameters, messages, schema, temperature, sample.
        question: what is asked.
        model: the name of the model that is asked.
        max_tokens_in: input tokens at worst; every token but a few of framing stands for one byte or more.
        max_tokens_out: output tokens at worst.
    """

    key: str
    question: Question
    model: str
    max_tokens_in: int
    max_tokens_out: int

    def reserve_nano(self, prices: PriceTable) -> int:
        """Nano-dollars of a try at worst.

        Raises:
            BugladderError: the model has no price.
        """
        return _nano(prices.price(self.model, self.model), self.max_tokens_in, 0, self.max_tokens_out)

    def tokens(self, reply: Reply) -> dict[str, Any]:
        """The token columns of a reply; the worst case where the server did not say."""
        if reply.usage is None:
            return self.worst_tokens
        return {**to_plain(reply.usage), "tokens_known": True}

    @property
    def worst_tokens(self) -> dict[str, Any]:
        """The token columns of a try whose usage is unknown."""
        counts = {"tokens_in": self.max_tokens_in, "tokens_out": self.max_tokens_out}
        return {**counts, "tokens_cached": 0, "tokens_reasoning": 0, "tokens_known": False}

    def settle_nano(self, reply: Reply, prices: PriceTable) -> int:
        """Nano-dollars of a reply, by the model that answered."""
        found = self.tokens(reply)
        price = prices.price(reply.model_answered, self.model)
        return _nano(price, found["tokens_in"], found["tokens_cached"], found["tokens_out"])


def request_of(question: Question, identity: Mapping[str, Any], max_output_tokens: int) -> Request:
    """The request that a question makes to the model of that identity (ChatModel.identity)."""
    plain = to_plain(question)
    parts = {name: value for name, value in plain.items() if name not in _NO_PART and value is not None}
    text = canonical_json(parts)
    # a server may show a schema to the model in a layout of its own
    schema, settings = canonical_json(parts.get("schema", "")), canonical_json(to_plain(dict(identity)))
    bytes_in = sum(len(t.encode("utf-8", "surrogatepass")) for t in (text, schema, settings))
    framing = _TOKENS_PER_REQUEST + _TOKENS_PER_MESSAGE * len(question.messages)
    key = sha256_text(canonical_json({"model": to_plain(dict(identity)), "question": parts}))
    return Request(key, question, str(identity["model"]), bytes_in + framing, max_output_tokens)


def _nano(price: Price, tokens_in: int, tokens_cached: int, tokens_out: int) -> int:
    return max(0, round(price.usd(tokens_in, tokens_cached, tokens_out) * NANO))
