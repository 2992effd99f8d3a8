"""What a model's tokens cost and what may be spent; both run, which caps, and analyze, which reports, compute by it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bugladder.records.ranges import Usd
from bugladder.records.terms import BugladderError

_MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """USD per million tokens of one model; cached_input is the price of the cached part of the input.

    Reasoning tokens are a part of the output. read_at says where the price was read, for people.
    """

    input: Usd
    cached_input: Usd
    output: Usd
    read_at: str = ""

    def usd(self, tokens_in: int, tokens_cached: int, tokens_out: int) -> float:
        """Price of one reply in USD."""
        fresh = tokens_in - tokens_cached
        return (fresh * self.input + tokens_cached * self.cached_input + tokens_out * self.output) / _MILLION


@dataclass(frozen=True)
class PriceTable:
    """conf/prices.

    Args:
        as_of: the day (ISO date) on which the prices were looked up.
        models: price by model name.
        allow_unpriced: a model without a price counts as free instead of being an error; recorded.
        instance_cap_usd: what one instance may newly cost in one phase, None for no cap of its own; the phase's cap is
            its budget_usd.
    """

    as_of: str
    models: dict[str, Price] = field(default_factory=dict)
    allow_unpriced: bool = False
    instance_cap_usd: Usd | None = None

    def price(self, answered: str, asked: str) -> Price:
        """The price of the model that answered, else of the one that was asked (a dated snapshot has its alias's).

        Raises:
            BugladderError: neither is listed and unpriced models are not allowed.
        """
        found = self.models.get(answered) or self.models.get(asked)
        if found is not None:
            return found
        if self.allow_unpriced:
            return Price(0.0, 0.0, 0.0)
        raise BugladderError(
            f"prices.models: {answered!r} has no price; add it with the date it was read, or set prices.allow_unpriced"
        )
