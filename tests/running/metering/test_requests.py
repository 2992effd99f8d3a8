import json

import pytest
from metered import PRICES, asked

from bugladder.records.chats import Message, Question, Reply, Usage
from bugladder.records.prices import Price, PriceTable
from bugladder.running.metering.requests import request_of
from bugladder.solvers.hosting.requests import read_request

IDENTITY = {"model": "made-up", "base_url": "https://example.org/v1"}


def plain(text):
    """A question of the loop's kind."""
    return asked(text, schema={"type": "object", "properties": {"analysis": {"type": "string"}}})


def foreign(text):
    """A question of a foreign program, as the proxy makes it."""
    tools = [{"type": "function", "function": {"name": "sh"}}]
    body = json.dumps({"messages": [{"role": "user", "content": text}], "tools": tools}, ensure_ascii=False)
    request = read_request(body.encode())
    return Question("call", 1, request.messages, raw=request.raw)


def bound(question):
    """Tokens that it may hold at most."""
    return request_of(question, IDENTITY, 100).max_tokens_in


@pytest.mark.parametrize("make", [plain, foreign])
def test_each_byte_that_the_model_reads_is_held_for_once(make):
    """A text that is longer by so many bytes may hold as many tokens more, whoever asks, and no more than those."""
    assert bound(make("x" * 10_001)) - bound(make("x")) == 10_000
    assert bound(make("\u00e9" * 1001)) - bound(make("\u00e9")) == 2000
    assert bound(make("x" * 10_000)) < 10_000 + 2000


def test_what_a_server_lays_out_anew_is_held_for_twice():
    """A schema and a program's tools may be shown to the model in more bytes than they were sent in."""
    small, large = ({"type": "object", "description": "d" * n} for n in (1, 1001))
    assert bound(asked("x", schema=large)) - bound(asked("x", schema=small)) == 2000
    tools = [[{"type": "function", "function": {"name": "n" * n}}] for n in (1, 1001)]
    one, more = (Question("call", 1, (Message("user", "x"),), raw={"messages": [], "tools": tool}) for tool in tools)
    assert bound(more) - bound(one) == 2000


def test_no_reply_that_is_accepted_costs_more_than_its_reserve():
    """Whatever model answers with whatever count, a reply that is not above the reserve is settled within it."""
    odd = Price(input=100.0, cached_input=900.0, output=10.0)
    prices = PriceTable(as_of="", models={**PRICES.models, "odd": odd, "dear": Price(1e6, 1e6, 1e6)})
    usages = [None, Usage(0, 0), Usage(10**9, 10**9), Usage(1000, 100), Usage(1000, 100, 1000), Usage(1, 10**9)]
    accepted = 0
    for asked_model in ("made-up", "odd"):
        request = request_of(asked("words"), {"model": asked_model}, 100)
        for answered in ("made-up", "odd", "dear", "unlisted", ""):
            for usage in usages:
                reply = Reply("", "stop", answered, usage)
                if not request.is_above_reserve(reply, prices):
                    accepted += 1
                    assert request.settle_nano(reply, prices) <= request.reserve_nano(prices)
        assert request.is_above_reserve(Reply("", "stop", "dear", Usage(0, 0)), prices)
    assert accepted > 30
