"""A driver process: a batch of small instances whose solver asks a model some questions, on the real store and meter.

    python tests/meter_driver.py FOLDER BASE_URL INSTANCES CALLS WORKERS BUDGET_USD

It needs no command in a sandbox: what it takes is the loop's, the meter's and the server's. It prints one JSON line.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bugladder.models.openai_chat import OpenAIChat
from bugladder.records.chats import Message, Question
from bugladder.records.prices import Price, PriceTable
from bugladder.running.batch import BatchHooks, run_batch
from bugladder.running.items import AskSettings, BatchSettings, WorkItem
from bugladder.running.metering.accounts import accounted
from bugladder.running.metering.meter import Meter, Spending, open_meter
from bugladder.running.store import Store
from bugladder.workspace import Deadline

PRICES = PriceTable(as_of="2026-01-01", models={"made-up": Price(input=1.0, cached_input=0.5, output=10.0)})


def model_at(base_url: str) -> OpenAIChat:
    """The model that is asked."""
    return OpenAIChat("made-up", "made-up", base_url, None, max_output_tokens=100, timeout_s=20.0)


def question(words: str, iteration: int = 1) -> Question:
    """The question of these words."""
    return Question("fix", iteration, (Message("user", words),))


def _work(meter: Meter, model: OpenAIChat, calls: int, item: WorkItem) -> dict[str, object]:
    """Ask one question after the other, each one about the reply before."""
    chat = meter.chat(model, item.id, Deadline(600.0))
    said = "start"
    for n in range(calls):
        said = chat.ask(question(f"{item.id} {n} {said}", n + 1)).text
    return {"said": said, **chat.rows()}


def main(folder: Path, base_url: str, counts: tuple[int, int, int], budget_usd: float) -> None:
    """Run the batch and print what it came to."""
    instances, calls, workers = counts
    model = model_at(base_url)
    ask = AskSettings(base_delay_s=0.05, max_delay_s=1.0, patience_s=600.0, tries=20)
    settings = BatchSettings(workers=workers, model=ask)
    items = [WorkItem(f"i{n:03d}", Store.key("meter", {"n": n, "calls": calls}), None) for n in range(instances)]
    started = time.monotonic()
    with open_meter(folder / "responses.db", Spending("driver", budget_usd, PRICES), settings) as meter:
        result = run_batch(
            items, lambda i: _work(meter, model, calls, i), settings, Store(folder / "store"), BatchHooks("driver")
        )
        values = {i: r.value for i, r in result.results.items() if r.value is not None}
        rows = accounted(result.results, {i: v["calls"] for i, v in values.items()}, meter.ledger.charged())
        found = {
            "done": len(values),
            "new": result.new,
            "reused": result.reused,
            "seconds": time.monotonic() - started,
            "spent_usd": meter.ledger.spent_usd,
            "held_usd": meter.ledger.held_usd,
            "calls": len(rows),
            "lost": sum(r["is_lost"] for r in rows),
            "paid_usd": sum(
                PRICES.price(r["model_answered"], r["model_asked"]).usd(
                    r["tokens_in"], r["tokens_cached"], r["tokens_out"]
                )
                for r in rows
                if r["was_paid"]
            ),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], tuple(int(a) for a in sys.argv[3:6]), float(sys.argv[6]))
