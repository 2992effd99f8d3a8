"""What a reading of costs promises."""

import pytest

from bugladder.analysis.costs import call_cost_usd, costs
from bugladder.records import BugladderError
from bugladder.records.prices import Price, PriceTable

PRICES = PriceTable(as_of="2026-01-01", models={"made-up": Price(input=2.0, cached_input=0.5, output=8.0)})


def call(instance_id="a", *, was_cached=False, **changes):
    """A made-up call of a million fresh and a million cached input tokens, and half a million output tokens."""
    row = {"instance_id": instance_id, "model_asked": "made-up", "model_answered": "made-up", "was_cached": was_cached}
    tokens = {"tokens_in": 2_000_000, "tokens_cached": 1_000_000, "tokens_out": 500_000, "tokens_reasoning": 400_000}
    return row | tokens | changes


def test_a_call_costs_its_tokens_by_class():
    """1 M fresh at $2, 1 M cached at $0.50 and 0.5 M output at $8 cost $6.50; reasoning is a part of the output."""
    assert call_cost_usd(call(), PRICES) == pytest.approx(6.5)


def test_no_calls_cost_nothing_by_computation():
    """A solver that calls no model has no cost, with an empty table of prices too."""
    assert costs([], set(), PriceTable(as_of="")).cost_usd == {}


def test_a_model_without_a_price_is_an_error_that_names_it():
    """An unknown price is never taken for zero."""
    with pytest.raises(BugladderError, match=r"prices\.models: 'dear' has no price"):
        call_cost_usd(call(model_answered="dear", model_asked="dear"), PRICES)


def test_what_was_paid_before_costs_but_is_not_spent():
    """Replies from the cache and results from the store have their price, and nothing was newly paid for them."""
    found = costs([call("a"), call("a", was_cached=True), call("b")], {"b"}, PRICES)
    assert found.cost_usd == pytest.approx({"a": 13.0, "b": 6.5})
    assert found.spent_usd == pytest.approx({"a": 6.5, "b": 0.0})
