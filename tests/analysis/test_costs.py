"""What a reading of costs promises."""

import pytest
from made_up_phase import PRICES, call

from bugladder.analysis.costs import CALL_TOTALS, call_cost_usd, call_totals, priced_calls
from bugladder.records import BugladderError
from bugladder.records.prices import PriceTable


def totals(*calls):
    """The totals of calls at the made-up prices."""
    return call_totals(priced_calls(calls, PRICES))


def test_a_call_costs_its_tokens_by_class():
    """1 M fresh at $2, 1 M cached at $0.50 and 0.5 M output at $8 cost $6.50; reasoning is a part of the output."""
    assert call_cost_usd(call(), PRICES) == pytest.approx(6.5)


def test_no_calls_cost_nothing_by_computation():
    """A solver that calls no model has no cost, with an empty table of prices too."""
    found = call_totals(priced_calls([], PriceTable(as_of="")))
    assert found == dict.fromkeys(CALL_TOTALS, 0)


def test_a_model_without_a_price_is_an_error_that_names_it():
    """An unknown price is never taken for zero; a lost try, which no model answered, is priced by the one asked."""
    with pytest.raises(BugladderError, match=r"prices\.models: 'dear' has no price"):
        call_cost_usd(call(model_answered="dear", model_asked="dear"), PRICES)
    with pytest.raises(BugladderError, match=r"prices\.models: 'dear' has no price"):
        call_cost_usd(call(model_answered="", model_asked="dear", is_lost=True), PRICES)


def test_what_was_paid_before_costs_but_is_not_spent():
    """Replies that another run paid for and results from the store have their price, and nothing was paid for them."""
    paid_before = call(0, 1, was_cached=True, was_paid=False)
    found = totals(call(0), paid_before, call(1, was_paid=False))
    assert (found["cost_usd"], found["spent_usd"]) == pytest.approx((19.5, 6.5))
    assert (found["count"], found["cache_hits"]) == (3, 1)


def test_a_reply_of_this_run_before_its_restart_is_spent_once():
    """A restarted run finds its own reply in the cache: it is a cache hit, and still this run's money."""
    found = totals(call(0, was_cached=True, was_paid=True))
    assert (found["cost_usd"], found["spent_usd"]) == pytest.approx((6.5, 6.5))


def test_a_lost_try_is_spent_and_no_cost():
    """What may have been charged without a reply counts as paid; its tokens are no part of what the solver used."""
    lost = call(0, 1, is_lost=True, model_answered="", tokens_known=False, finish_reason="", retries=9, latency_s=60.0)
    found = totals(call(0), lost)
    assert (found["cost_usd"], found["spent_usd"]) == pytest.approx((6.5, 13.0))
    assert (found["count"], found["lost"], found["unknown"]) == (1, 1, 0)
    assert (found["tokens_in"], found["retries"], found["latency_s"]) == (2_000_000, 0, 2.0)


def test_a_reply_without_usage_is_priced_at_its_worst_case_and_counted():
    """The row holds the worst case then; that it does is counted."""
    assert totals(call(0, tokens_known=False))["unknown"] == 1
