import threading
import time

import pytest
from chat_acts import cut, dropped, failure, in_order, malformed, rate_limit, reply, wrong_model
from metered import PRICES, REPLY_USD, asked, meter_on, model_at

from bugladder.records import BugladderError, InfrastructureError
from bugladder.records.chats import CapReachedError, ModelRefusedError
from bugladder.records.prices import Price, PriceTable
from bugladder.workspace import Deadline


def echoes(request, n):
    """Replies with the last message's words."""
    return reply(request["messages"][-1]["content"])


def ask_at_once(ask, count):
    """Ask so many times at once; the results in order, errors as they are."""
    found = [None] * count

    def one(n):
        try:
            found[n] = ask(n)
        except BugladderError as error:
            found[n] = error

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def ask_on(chat):
    """Ask one thing after the other."""
    for n in range(50):
        chat.ask(asked(f"word {n}"))


def test_a_reply_is_asked_for_once(tmp_path, serve):
    """An equal question is answered from the disk, by another meter too; another sample is another question."""
    server = serve(echoes)
    for _ in range(2):
        with meter_on(tmp_path) as meter:
            chat = meter.chat(model_at(server), "a", Deadline(60))
            assert chat.ask(asked("one")).text == "one"
            assert chat.ask(asked("one", step="reproduce", iteration=3, template="t")).text == "one"
            assert chat.ask(asked("one", sample=1)).text == "one"
    assert len(server.requests) == 2


def test_a_cache_that_is_switched_off_is_asked_for_nothing(tmp_path, serve):
    """Without it each run asks for and pays for all of its replies; with it again, the first of them is used."""
    server = serve(in_order(reply("first"), reply("second")))
    for switch, text in ((True, "first"), (False, "second"), (True, "first")):
        with meter_on(tmp_path, response_cache=switch) as meter:
            assert meter.chat(model_at(server), "a", Deadline(60)).ask(asked("one")).text == text
            spent = meter.ledger.spent_usd
    assert len(server.requests) == 2
    assert spent == pytest.approx(2 * REPLY_USD)


def test_what_decides_a_reply_decides_the_request(tmp_path, serve):
    """Messages, schema, temperature and the model's own settings each make another request."""
    server = serve(in_order(reply("{}")))
    questions = [
        asked("one"),
        asked("two"),
        asked("one", temperature=0.5),
        asked("one", schema={"type": "object", "properties": {}}),
    ]
    with meter_on(tmp_path) as meter:
        chats = [meter.chat(model_at(server, **s), "a", Deadline(60)) for s in ({}, {"top_p": 0.5}, {"timeout_s": 4.0})]
        for chat in chats:
            for question in questions:
                chat.ask(question)
    # the time-out decides no reply
    assert len(server.requests) == 8


def test_equal_questions_in_flight_are_asked_once(tmp_path, serve):
    """Of many who ask the same at once one asks the server, and all get the reply."""
    server = serve(in_order(reply("same")), latency_s=0.2)
    with meter_on(tmp_path) as meter:
        chats = [meter.chat(model_at(server), f"i{n}", Deadline(60)) for n in range(8)]
        found = ask_at_once(lambda n: chats[n].ask(asked("one")).text, 8)
        spent = meter.ledger.spent_usd
    assert found == ["same"] * 8
    assert len(server.requests) == 1
    assert spent == pytest.approx(REPLY_USD)
    assert [c.rows()["calls"][0]["was_cached"] for c in chats].count(False) == 1


def test_rows_tell_each_call(tmp_path, serve):
    """A row holds step, round, request, models, tokens by class, retries and end; the transcript what was said."""
    server = serve(in_order(failure(500), reply("done", cached=40, reasoning=5, model="made-up-2026-01-01")))
    with meter_on(tmp_path) as meter:
        chat = meter.chat(model_at(server), "a", Deadline(60))
        chat.ask(asked("words", iteration=2, template="fix.jinja@abc"))
        chat.ask(asked("words", iteration=3))
    first, second = chat.rows()["calls"]
    expected = {
        "call_id": "a/1", "instance_id": "a", "iteration": 2, "step": "fix", "sample": 0, "model_asked": "made-up",
        "model_answered": "made-up-2026-01-01", "tokens_in": 100, "tokens_cached": 40, "tokens_out": 20,
        "tokens_reasoning": 5, "tokens_known": True, "was_cached": False, "retries": 1, "finish_reason": "stop",
    }  # fmt: skip
    assert first | expected == first
    assert (second["call_id"], second["was_cached"]) == ("a/2", True)
    assert first["request_hash"] == second["request_hash"]
    assert first["latency_s"] == second["latency_s"] > 0
    said = chat.rows()["transcripts"][0]
    assert said["messages"] == '[{"content":"words","role":"user"}]'
    assert (said["call_id"], said["template"], said["reply"], said["refusal"]) == ("a/1", "fix.jinja@abc", "done", "")


def test_odd_text_is_kept(tmp_path, serve):
    """A reply and a question with lone surrogates are kept and answered from the disk like any other."""
    server = serve(in_order(reply("half \ud83d")))
    for _ in range(2):
        with meter_on(tmp_path) as meter:
            found = meter.chat(model_at(server), "a", Deadline(60)).ask(asked("caf\udce9"))
    assert found.text.startswith("half ")
    assert len(server.requests) == 1


BROKEN = {"500": failure(500), "dropped": dropped(), "cut": cut(), "malformed": malformed()}


@pytest.mark.parametrize("act", BROKEN.values(), ids=BROKEN)
def test_a_try_that_may_be_charged_is_booked_at_worst(tmp_path, serve, act):
    """After a failure that the server may charge its whole reservation is spent; the retry is paid beside it."""
    server = serve(in_order(act, reply()))
    with meter_on(tmp_path) as meter:
        meter.chat(model_at(server), "a", Deadline(60)).ask(asked("one"))
        lost, answered = meter.ledger.charged()
        assert (lost.outcome, answered.outcome) == ("lost", "answered")
        facts = lost.facts
        worst = facts["tokens_in"] * 100e-6 + facts["tokens_out"] * 1000e-6
        assert (facts["tokens_out"], facts["tokens_known"]) == (100, False)
        assert meter.ledger.spent_usd == pytest.approx(worst + REPLY_USD)
        assert meter.ledger.held_usd == 0


def test_a_reply_without_usage_is_booked_at_worst(tmp_path, serve):
    """Where the server does not count, the reservation stands, and the row says that its tokens are not known."""
    server = serve(in_order(reply(tokens=None)))
    with meter_on(tmp_path) as meter:
        chat = meter.chat(model_at(server), "a", Deadline(60))
        chat.ask(asked("one"))
        (row,) = chat.rows()["calls"]
        assert row["tokens_known"] is False
        assert meter.ledger.spent_usd == pytest.approx(row["tokens_in"] * 100e-6 + 100 * 1000e-6)


def test_tries_are_bounded(tmp_path, serve):
    """After as many failures as the settings allow the model counts as unavailable: the machine's failure."""
    server = serve(in_order(failure(500)))
    with meter_on(tmp_path, tries=3) as meter, pytest.raises(InfrastructureError, match=r"no reply after 3 tries"):
        meter.chat(model_at(server), "a", Deadline(60)).ask(asked("one"))
    assert len(server.requests) == 3


def test_retry_after_holds_for_all(tmp_path, serve):
    """After a Retry-After nobody's try at that model starts before; nothing of it is charged or counted as the time."""
    server = serve(lambda _request, n: rate_limit({"Retry-After": "1"}) if n == 0 else reply())
    with meter_on(tmp_path) as meter:
        deadlines = [Deadline(60) for _ in range(3)]
        chats = [meter.chat(model_at(server), f"i{n}", deadlines[n]) for n in range(3)]
        first = threading.Thread(target=lambda: chats[0].ask(asked("zero")))
        first.start()
        end = time.monotonic() + 10
        while not server.requests or server.requests[0].ended_s is None:
            assert time.monotonic() < end, "the first request never ended"
            time.sleep(0.01)
        time.sleep(0.1)
        ask_at_once(lambda n: chats[n + 1].ask(asked(f"later {n}")), 2)
        first.join()
        assert meter.ledger.spent_usd == pytest.approx(3 * REPLY_USD)
    refused = server.requests[0].ended_s
    assert all(r.arrived_s - refused > 0.95 for r in server.requests[1:])
    assert all(60 - d.remaining_s < 0.5 for d in deadlines)


def test_impatience_ends_what_would_wait_for_a_day(tmp_path, serve):
    """A Retry-After beyond the patience fails at once, and holds up nobody else."""
    server = serve(in_order(rate_limit({"Retry-After": "86400"}), reply()))
    started = time.monotonic()
    with meter_on(tmp_path) as meter:
        chat = meter.chat(model_at(server), "a", Deadline(60))
        with pytest.raises(InfrastructureError, match="no reply after 1 tries"):
            chat.ask(asked("one"))
        chat.ask(asked("one"))
    assert time.monotonic() - started < 3


def test_a_refusal_stops_everybody(tmp_path, serve):
    """A model that the server does not have is an error of its own kind, tried once and not charged."""
    server = serve(in_order(wrong_model()))
    with meter_on(tmp_path) as meter:
        with pytest.raises(ModelRefusedError, match="404"):
            meter.chat(model_at(server), "a", Deadline(60)).ask(asked("one"))
        assert (meter.ledger.spent_usd, meter.ledger.held_usd) == (0, 0)
    assert len(server.requests) == 1


def test_a_model_without_a_price_is_not_asked(tmp_path, serve):
    """What would cost nobody knows what is never sent."""
    server = serve(in_order(reply()))
    with meter_on(tmp_path, prices=PriceTable(as_of="")) as meter, pytest.raises(BugladderError, match="'made-up'"):
        meter.chat(model_at(server), "a", Deadline(60)).ask(asked("one"))
    assert server.requests == []


DEAREST = Price(input=10_000.0, cached_input=20_000.0, output=100_000.0)
CHEAP = Price(input=10.0, cached_input=5.0, output=100.0)
LISTED = PriceTable(as_of="", models={**PRICES.models, "dearest": DEAREST, "cheap": CHEAP})


def test_a_dearer_model_that_answers_stops_everybody_below_the_cap(tmp_path, serve):
    """Against a server that answers as the dearest listed model, what was held is booked and nobody asks on."""
    server = serve(in_order(reply(model="dearest", tokens=(1000, 100))), latency_s=0.02)
    budget = 1.0
    with meter_on(tmp_path, budget_usd=budget, prices=LISTED) as meter:
        chats = [meter.chat(model_at(server), f"i{n}", Deadline(60)) for n in range(20)]
        found = ask_at_once(lambda n: chats[n].ask(asked(f"word {n}")), 20)
        spent, booked = meter.ledger.spent_usd, meter.ledger.charged()
    kinds = {type(f) for f in found}
    assert kinds <= {ModelRefusedError, CapReachedError}
    assert ModelRefusedError in kinds
    assert "'made-up' was answered by 'dearest'" in " ".join(map(str, found))
    assert 0 < spent <= budget
    assert {t.outcome for t in booked} == {"lost"}
    assert all(chat.rows()["calls"] == [] for chat in chats)


def test_a_cheaper_model_that_answers_is_booked_by_its_own_price(tmp_path, serve):
    """A reply costs what the model that gave it costs, where that one is listed."""
    server = serve(in_order(reply(model="cheap")))
    with meter_on(tmp_path, prices=LISTED) as meter:
        meter.chat(model_at(server), "a", Deadline(60)).ask(asked("one"))
        assert meter.ledger.spent_usd == pytest.approx(REPLY_USD / 10)


@pytest.mark.parametrize("tokens", [(10**9, 20), (100, 10**9)])
def test_more_tokens_than_can_be_are_no_count(tmp_path, serve, tokens):
    """A usage above what the question and the reply can hold is booked as an unknown one, at what was held."""
    server = serve(in_order(reply(tokens=tokens)))
    with meter_on(tmp_path, budget_usd=1.0) as meter:
        chat = meter.chat(model_at(server), "a", Deadline(60))
        chat.ask(asked("one"))
        (row,) = chat.rows()["calls"]
        assert row["tokens_known"] is False
        assert meter.ledger.spent_usd == pytest.approx(row["tokens_in"] * 100e-6 + 100 * 1000e-6)


def test_many_who_spend_at_once_stay_below_the_cap(tmp_path, serve):
    """However many ask at once, held and spent money together never exceed the budget; who finds no room is capped."""
    server = serve(echoes, latency_s=0.02)
    budget = 3.0
    with meter_on(tmp_path, budget_usd=budget) as meter:
        chats = [meter.chat(model_at(server), f"i{n}", Deadline(60)) for n in range(200)]
        found = ask_at_once(lambda n: chats[n].ask(asked(f"word {n}")), 200)
        spent = meter.ledger.spent_usd
        worst = meter.ledger.charged()[0].facts["tokens_in"] * 100e-6 + 0.1
    capped = [f for f in found if isinstance(f, CapReachedError)]
    assert all(c.is_phase for c in capped)
    assert 0 < len(capped) < 200
    assert len(server.requests) == 200 - len(capped)
    assert budget - worst < spent <= budget
    assert spent == pytest.approx(len(server.requests) * REPLY_USD)


def test_an_instance_has_a_cap_of_its_own(tmp_path, serve):
    """The instance's cap ends that instance alone, and names its key."""
    server = serve(echoes)
    prices = PriceTable(as_of="", models=PRICES.models, instance_cap_usd=0.3)
    with meter_on(tmp_path, prices=prices) as meter:
        dear, other = (meter.chat(model_at(server), name, Deadline(60)) for name in "ab")
        with pytest.raises(CapReachedError, match=r"a: the instance .*prices\.instance_cap_usd") as raised:
            ask_on(dear)
        assert not raised.value.is_phase
        assert len(dear.rows()["calls"]) >= 1
        assert other.ask(asked("else")).text == "else"


def test_alerts_are_told_once(tmp_path, serve, caplog):
    """80, 90 and 100 % of the budget are each logged once."""
    server = serve(in_order(reply(tokens=(100, 100))))
    with meter_on(tmp_path, budget_usd=1.15) as meter:
        chat = meter.chat(model_at(server), "a", Deadline(60))
        with pytest.raises(CapReachedError):
            ask_on(chat)
    told = [r.message.partition(" ")[0] for r in caplog.records if "budget" in r.message]
    assert told == sorted(set(told))
    assert "80%" in told
