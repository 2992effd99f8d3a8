"""A meter on a folder of its own, and a model at a server of the tests, for whoever tests what money is spent on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat_server import ChatServer

from bugladder.models.openai_chat import OpenAIChat
from bugladder.records.chats import Message, Question
from bugladder.records.prices import Price, PriceTable
from bugladder.running.items import AskSettings, BatchSettings
from bugladder.running.metering.meter import Meter, Spending, open_meter

PRICES = PriceTable(as_of="2026-01-01", models={"made-up": Price(input=100.0, cached_input=50.0, output=1000.0)})
"""A thousand tokens in are ten cents, a thousand out a dollar."""

REPLY_USD = 100 * 100e-6 + 20 * 1000e-6
"""What the server's usual reply costs: 100 tokens in, 20 out."""


def model_at(server: ChatServer, **settings: object) -> OpenAIChat:
    """A model that the server answers for, whose replies hold at most 100 tokens."""
    known = {"api_key_env": None, "max_output_tokens": 100, "timeout_s": 5.0, **settings}
    return OpenAIChat(name="made-up", model="made-up", base_url=server.base_url, **known)


@contextmanager
def meter_on(
    folder: Path, scope: str = "run@p1", *, budget_usd: float = 1000.0, prices: PriceTable = PRICES, **ask: object
) -> Iterator[Meter]:
    """A meter of one scope, for four workers, that waits no longer than a test may."""
    settings = AskSettings(**{"base_delay_s": 0.01, "max_delay_s": 0.05, "patience_s": 5.0, **ask})
    with open_meter(
        folder / "responses.db", Spending(scope, budget_usd, prices), BatchSettings(workers=4, model=settings)
    ) as meter:
        yield meter


def asked(text: str, **values: object) -> Question:
    """A question of one message."""
    return Question(**{"step": "fix", "iteration": 1, "messages": (Message("user", text),), **values})
