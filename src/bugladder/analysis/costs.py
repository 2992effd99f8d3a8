"""Decides what calls cost: tokens times the table of prices, computed anew on each reading; calls hold no money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bugladder.analysis.settings import Row
from bugladder.records.prices import PriceTable

_DIGITS = 6
_TOKENS = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning")
_HOW = ("cache_hits", "unknown", "retries", "lost", "latency_s")
CALL_TOTALS = ("count", "instances", *_TOKENS, *_HOW, "cost_usd", "spent_usd")
"""The keys of `call_totals`."""


@dataclass(frozen=True)
class PricedCall:
    """A row of the calls table with its money in USD: the price of a reply that was used, and what this run paid.

    What is lost (a try without a reply, a reply that nobody came back for) costs nothing; its charge is spent.
    """

    row: Row
    cost_usd: float
    spent_usd: float

    @property
    def is_lost(self) -> bool:
        """Paid, or possibly paid, and not used."""
        return bool(self.row["is_lost"])

    @property
    def model(self) -> str:
        """The model that answered, else the one that was asked."""
        return _model(self.row)


def _model(call: Row) -> str:
    return str(call["model_answered"] or call["model_asked"])


def call_cost_usd(call: Row, prices: PriceTable) -> float:
    """Price of one call: cached tokens are a part of the input's, reasoning tokens a part of the output's.

    Raises:
        BugladderError: the model that answered has no price.
    """
    price = prices.price(_model(call), call["model_asked"])
    return price.usd(call["tokens_in"], call["tokens_cached"], call["tokens_out"])


def priced_calls(calls: Iterable[Row], prices: PriceTable) -> list[PricedCall]:
    """Every call with its money; `was_paid` alone tells whether this run, restarts included, paid for it.

    Raises:
        BugladderError: a model has no price.
    """
    found = []
    for call in calls:
        usd = call_cost_usd(call, prices)
        found.append(PricedCall(call, 0.0 if call["is_lost"] else usd, usd if call["was_paid"] else 0.0))
    return found


def call_totals(calls: Sequence[PricedCall]) -> dict[str, Any]:
    """Sums over calls: replies used, tokens of these, how they came about, and money.

    Returns:
        `count` (replies used), `instances`, tokens_in, tokens_cached, tokens_out, tokens_reasoning, `cache_hits` (of
        our response cache), `unknown` (the worst case stands for tokens that the server did not tell), `retries`,
        `lost` (paid, or possibly paid, and not used), `latency_s`, cost_usd, spent_usd.
    """
    used = [c for c in calls if not c.is_lost]
    return {
        "count": len(used),
        "instances": len({c.row["instance_id"] for c in used}),
        **{name: sum(c.row[name] for c in used) for name in _TOKENS},
        "cache_hits": sum(c.row["was_cached"] for c in used),
        "unknown": sum(not c.row["tokens_known"] for c in used),
        "retries": sum(c.row["retries"] for c in used),
        "lost": len(calls) - len(used),
        "latency_s": round(sum(c.row["latency_s"] for c in used), 3),
        "cost_usd": round(sum(c.cost_usd for c in calls), _DIGITS),
        "spent_usd": round(sum(c.spent_usd for c in calls), _DIGITS),
    }
