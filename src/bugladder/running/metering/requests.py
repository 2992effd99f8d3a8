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
_LAID_OUT = frozenset({"tools", "response_format"})
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
        max_tokens_in: input tokens at worst; every token but a few of framing stands for one byte or more of what the
            model reads.
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
        return self._worst_nano(prices.price(self.model, self.model))

    def is_above_reserve(self, reply: Reply, prices: PriceTable) -> bool:
        """Whether the model that answered is dearer than what was held for the one that was asked."""
        return self._worst_nano(prices.price(reply.model_answered, self.model)) > self.reserve_nano(prices)

    def tokens(self, reply: Reply) -> dict[str, Any]:
        """The token columns of a reply; the worst case where the server did not say, or said more than can be."""
        usage = reply.usage
        if usage is None or usage.tokens_in > self.max_tokens_in or usage.tokens_out > self.max_tokens_out:
            return self.worst_tokens
        return {**to_plain(usage), "tokens_known": True}

    @property
    def worst_tokens(self) -> dict[str, Any]:
        """The token columns of a try whose usage is unknown."""
        counts = {"tokens_in": self.max_tokens_in, "tokens_out": self.max_tokens_out}
        return {**counts, "tokens_cached": 0, "tokens_reasoning": 0, "tokens_known": False}

    def settle_nano(self, reply: Reply, prices: PriceTable) -> int:
        """Nano-dollars of a reply, by the model that answered; never above the reserve where that one is not."""
        found = self.tokens(reply)
        price = prices.price(reply.model_answered, self.model)
        return _nano(price, found["tokens_in"], found["tokens_cached"], found["tokens_out"])

    def _worst_nano(self, price: Price) -> int:
        """By the dearer of a price's two ways to count input."""
        return max(_nano(price, self.max_tokens_in, cached, self.max_tokens_out) for cached in (0, self.max_tokens_in))


def request_of(question: Question, identity: Mapping[str, Any], max_output_tokens: int) -> Request:
    """The request that a question makes to the model of that identity (ChatModel.identity)."""
    plain = to_plain(question)
    parts = {name: value for name, value in plain.items() if name not in _NO_PART and value is not None}
    key = sha256_text(canonical_json({"model": to_plain(dict(identity)), "question": parts}))
    return Request(key, question, str(identity["model"]), _most_tokens_in(question, identity), max_output_tokens)


def _most_tokens_in(question: Question, identity: Mapping[str, Any]) -> int:
    """One a byte of what the model reads; that is the body of a raw question, whose messages are a reading of it."""
    shown: list[Any]
    if question.raw is not None:
        # a server shows tools and the wanted form to the model in a layout of its own
        shown = [question.raw, {k: v for k, v in question.raw.items() if k in _LAID_OUT}]
    else:
        shown = [*(m.content for m in question.messages), *([] if question.schema is None else [question.schema] * 2)]
    texts = [part if isinstance(part, str) else canonical_json(part) for part in (*shown, to_plain(dict(identity)))]
    bytes_in = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return bytes_in + _TOKENS_PER_REQUEST + _TOKENS_PER_MESSAGE * len(question.messages)


def _nano(price: Price, tokens_in: int, tokens_cached: int, tokens_out: int) -> int:
    return max(0, round(price.usd(tokens_in, tokens_cached, tokens_out) * NANO))
