"""Decides what calls cost: tokens times the table of prices, computed anew on each reading; calls hold no money."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bugladder.analysis.settings import Row
from bugladder.records.prices import PriceTable


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
    price = prices.price(call["model_answered"], call["model_asked"])
    return price.usd(call["tokens_in"], call["tokens_cached"], call["tokens_out"])


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
