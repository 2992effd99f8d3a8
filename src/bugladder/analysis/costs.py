"""Decides what calls cost: tokens times the table of prices, computed anew on each reading; calls hold no money."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bugladder.analysis.settings import PriceTable, Row
from bugladder.records import BugladderError

_MILLION = 1_000_000


@dataclass(frozen=True)
class Costs:
    """USD by instance: of the replies used, and the part that this run newly paid."""

    cost_usd: dict[str, float]
    spent_usd: dict[str, float]


def call_cost_usd(call: Row, prices: PriceTable) -> float:
    """Price of one call: cached tokens are a part of the input's, reasoning tokens a part of the output's.

    Raises:
        BugladderError: the model that answered has no price.
    """
    price = prices.models.get(call["model_answered"]) or prices.models.get(call["model_asked"])
    if price is None:
        name = call["model_answered"]
        raise BugladderError(f"prices.models: {name!r} was called and has no price; add it, with zeros if free")
    fresh = call["tokens_in"] - call["tokens_cached"]
    usd = fresh * price.input + call["tokens_cached"] * price.cached_input + call["tokens_out"] * price.output
    return float(usd / _MILLION)


def costs(calls: Iterable[Row], reused: AbstractSet[str], prices: PriceTable) -> Costs:
    """Cost by instance id. Instances without calls are absent, their sum is 0 by computation.

    Args:
        calls: rows of the calls table.
        reused: ids whose whole result came from the store, so that nothing was newly paid for them.
        prices: USD per million tokens.
    """
    cost: dict[str, float] = {}
    spent: dict[str, float] = {}
    for call in calls:
        name, usd = call["instance_id"], call_cost_usd(call, prices)
        cost[name] = cost.get(name, 0.0) + usd
        is_paid_now = not call["was_cached"] and name not in reused
        spent[name] = spent.get(name, 0.0) + (usd if is_paid_now else 0.0)
    return Costs(cost, spent)
