import pytest
from chat_acts import dropped, in_order, reply
from metered import PRICES, asked, meter_on, model_at

from bugladder.records import tables
from bugladder.running.metering.accounts import accounted
from bugladder.workspace import Deadline


def usd(rows):
    """What the rows that were paid for cost, by the table of prices."""
    return sum(
        PRICES.price(r["model_answered"], r["model_asked"]).usd(r["tokens_in"], r["tokens_cached"], r["tokens_out"])
        for r in rows
        if r["was_paid"]
    )


def test_paid_rows_sum_up_to_the_ledger_over_restarts(tmp_path, serve):
    """Lost tries, replies of an interrupted start and repeated questions: what was paid is what the ledger spent."""
    server = serve(in_order(reply("one"), dropped(), reply("two")))
    with meter_on(tmp_path) as meter:
        chat = meter.chat(model_at(server), "a", Deadline(60))
        chat.ask(asked("one"))
        chat.ask(asked("two"))
    with meter_on(tmp_path) as meter:
        again = meter.chat(model_at(server), "a", Deadline(60))
        for words in ("one", "one", "three"):
            again.ask(asked(words))
        rows = accounted(["a"], {"a": again.rows()["calls"]}, meter.ledger.charged())
        spent = meter.ledger.spent_usd
    told = [(r["call_id"], r["was_cached"], r["was_paid"], r["is_lost"]) for r in rows]
    assert told == [
        ("a/1", False, True, False),
        ("a/2", True, False, False),
        ("a/3", False, True, False),
        ("a/lost-1", False, True, True),
        # the answer to "two" was paid for, and after the restart nobody asked for it
        ("a/lost-2", False, True, True),
    ]
    assert usd(rows) == pytest.approx(spent)
    tables.write(tables.CALLS, rows, tmp_path / "calls.parquet")
    assert tables.read(tables.CALLS, tmp_path / "calls.parquet") == rows


def test_another_scope_pays_nothing_for_kept_replies(tmp_path, serve):
    """A later phase that asks the same finds the replies: they have their price and were not paid for there."""
    server = serve(in_order(reply("one")))
    for scope, was_cached in (("run@p1", False), ("run@p2", True)):
        with meter_on(tmp_path, scope) as meter:
            chat = meter.chat(model_at(server), "a", Deadline(60))
            chat.ask(asked("one"))
            (row,) = accounted(["a"], {"a": chat.rows()["calls"]}, meter.ledger.charged())
            assert (row["was_cached"], row["was_paid"]) == (was_cached, not was_cached)
            assert meter.ledger.spent_usd == pytest.approx(usd([row]))


def test_an_instance_without_a_result_keeps_its_costs(tmp_path, serve):
    """What was paid for an instance that came to nothing stands in the table as lost; other instances' tries do not."""
    server = serve(in_order(reply("one")))
    with meter_on(tmp_path) as meter:
        for name in ("a", "gone"):
            meter.chat(model_at(server), name, Deadline(60)).ask(asked(f"one of {name}"))
        rows = accounted(["a"], {}, meter.ledger.charged())
    assert [(r["instance_id"], r["is_lost"], r["was_paid"], r["tokens_in"]) for r in rows] == [("a", True, True, 100)]
