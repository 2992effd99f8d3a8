from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
import traceback
from dataclasses import replace

import pytest
import yaml
from chat_acts import (
    Act,
    cut,
    dropped,
    endless,
    failure,
    in_order,
    malformed,
    rate_limit,
    reply,
    too_long,
    wrong_model,
)
from chat_server import ChatServer
from tiny_bug import PROJECT

from bugladder import config
from bugladder.models.openai_chat import OpenAIChat
from bugladder.records import BugladderError, InfrastructureError
from bugladder.records.chats import Message, Question, Reply, TryError, Usage
from bugladder.records.prices import PriceTable

KEY = "sk-secret-of-a-test-0123456789"
SCHEMA = {"type": "object", "properties": {"text": {"type": "string", "default": ""}}}
QUESTION = Question("fix", 1, (Message("system", "Be short."), Message("user", "Why?")))


@pytest.fixture(autouse=True)
def key_in_its_variable(monkeypatch):
    """The key stands where the settings say; a wrong address in the SDK's own variable must not matter."""
    monkeypatch.setenv("TEST_CHAT_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/wrong")


def chat(server, **settings):
    """A model on the test's server."""
    return OpenAIChat("test", "m", getattr(server, "base_url", server), **{"api_key_env": "TEST_CHAT_KEY", **settings})


def ask(act, question=QUESTION, **settings):
    """The reply to one try at a server that does `act`; checks that it was asked just once."""
    with ChatServer(in_order(act)) as server:
        try:
            return chat(server, **settings).try_once(question)
        finally:
            assert len(server.requests) == 1


def sent(question=QUESTION, **settings):
    """The request's body as the server got it."""
    with ChatServer(in_order(reply())) as server:
        chat(server, **settings).try_once(question)
        return server.requests[0].json


def test_a_normal_reply():
    """Text, finish reason, the model that answered and the tokens by class come back as the server said them."""
    act = reply("42", tokens=(7, 5), cached=3, reasoning=2, model="m-2024-08-06")
    assert ask(act) == Reply("42", "stop", "m-2024-08-06", Usage(7, 5, tokens_cached=3, tokens_reasoning=2))


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (reply(tokens=None), Reply("ok", "stop", "m", None)),
        (reply("half", finish_reason="length"), Reply("half", "length", "m", Usage(100, 20))),
        (reply(None, finish_reason="content_filter"), Reply("", "content_filter", "m", Usage(100, 20))),
        (reply(None, refusal="I can't."), Reply("", "stop", "m", Usage(100, 20), refusal="I can't.")),
        (too_long(), Reply("", "context_length", "m", Usage(0, 0))),
        (failure(413, "the request exceeds the available context size"), Reply("", "context_length", "m", Usage(0, 0))),
        (failure(400, "filtered", code="content_filter"), Reply("", "content_filter", "m", Usage(0, 0), "filtered")),
    ],
)
def test_odd_replies_are_replies(act, expected):
    """What a solver can treat is a reply: no usage, cut at the limit, filtered, refused, too long for the model."""
    assert ask(act) == expected


@pytest.mark.parametrize(
    ("act", "may_be_charged", "words"),
    [
        (failure(500), True, "500"),
        (failure(503), True, "503"),
        (failure(529, "overloaded"), True, "overloaded"),
        (failure(408), True, "408"),
        (Act(status=502, body=b"<html>bad\n gateway</html>"), True, "bad gateway"),
        (dropped(), True, "broke off"),
        (cut(), True, "broke off"),
        (malformed(), True, "no JSON object"),
        (Act(body=b""), True, "no JSON object"),
        (Act(body={"error": {"message": "upstream is down"}}), True, "upstream is down"),
        (rate_limit(), False, "429"),
    ],
)
def test_failures_that_another_try_may_mend(act, may_be_charged, words):
    """A failed try is the machine's fault, says in one line what came, and whether it may have been charged."""
    with pytest.raises(TryError, match=words) as caught:
        ask(act)
    assert caught.value.may_be_charged is may_be_charged
    assert caught.value.is_rate_limit is ("429" in words)
    assert caught.value.retry_after_s is None
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("headers", [{"Retry-After": "7"}, {"retry-after-ms": "7000"}])
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_the_server_asks_for(status, headers):
    """Retry-After reaches whoever decides about the next try, at a rate limit and at an overload."""
    with pytest.raises(TryError) as caught:
        ask(failure(status, headers=headers))
    assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize("act", [endless(), reply(latency_s=20.0)])
def test_no_reply_in_time(act):
    """A reply that never ends or never begins is a failed try when the time is over, and may have been charged."""
    started = time.monotonic()
    with pytest.raises(TryError, match=r"no whole reply within 0\.5 s") as caught:
        ask(act, timeout_s=0.5)
    assert caught.value.may_be_charged
    assert time.monotonic() - started < 6.0


def test_a_server_that_is_not_there_charges_nothing():
    """A refused connection is a failed try that surely cost nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TryError, match="cannot be reached") as caught:
        chat(f"http://127.0.0.1:{port}/v1").try_once(QUESTION)
    assert caught.value.may_be_charged is False


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (wrong_model(), "model.model"),
        (failure(401, f"Incorrect API key provided: {KEY}"), "TEST_CHAT_KEY"),
        (failure(403, f"{KEY} may not do this"), "TEST_CHAT_KEY"),
        (failure(402, "pay first"), "no credit"),
        (rate_limit(code="insufficient_quota"), "no credit"),
        (failure(429, "Request too large for m"), "rate limit"),
        (failure(400, "Invalid schema for response_format"), "Invalid schema"),
        (failure(422, "unknown parameter"), "unknown parameter"),
        (Act(status=405, body=b""), "405"),
    ],
)
def test_errors_that_no_try_can_mend(act, words):
    """A wrong model, key, request or an empty account is an error in one line that names what to change."""
    with pytest.raises(BugladderError, match=words) as caught:
        ask(act)
    assert not isinstance(caught.value, InfrastructureError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "act",
    [
        failure(400, f"header Bearer {KEY} is wrong"),
        failure(401, f"Incorrect API key provided: {KEY}"),
        failure(403, KEY),
        failure(500, f"dump: {KEY[:-4]}"),
        Act(status=503, body=f"<p>{KEY}</p>".encode()),
        Act(body={"error": {"message": f"told {KEY} off"}}),
        Act(body=f"{KEY} is no JSON".encode()),
        dropped(),
    ],
)
def test_the_key_is_nowhere(act, caplog):
    """Whatever the server echoes, the key is in no error, traceback, log, repr or identity."""
    caplog.set_level(logging.DEBUG)
    with ChatServer(in_order(act)) as server:
        model = chat(server)
        with pytest.raises(BugladderError) as caught:
            model.try_once(QUESTION)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(model) + repr(model.identity())
    assert "127.0.0.1" in told
    assert KEY[:-4] not in told


def test_a_key_of_any_form_is_cut_out(monkeypatch):
    """A key that looks like none is known by its value, also where a long echo would be cut in its middle."""
    monkeypatch.setenv("TEST_CHAT_KEY", "0123456789abcdef")
    for padding in ("", "x" * 290 + " "):
        with pytest.raises(BugladderError) as caught:
            ask(failure(403, f"{padding}0123456789abcdef may not do this"))
        assert "0123456" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "words"), [("", "not set"), ("  ", "not set"), ("sk-\u00e9", "no header"), ("a\nb", "no header")]
)
def test_a_key_that_cannot_be_sent(value, words, monkeypatch):
    """A missing or broken key is an error that names its variable, and no request is made."""
    monkeypatch.setenv("TEST_CHAT_KEY", value)
    with ChatServer(in_order(reply())) as server:
        with pytest.raises(BugladderError, match=f"TEST_CHAT_KEY.*{words}") as caught:
            chat(server).try_once(QUESTION)
        assert server.requests == []
    assert value.strip() == "" or value not in str(caught.value)


def test_the_request_holds_what_was_asked_and_nothing_else():
    """Without settings the server gets the model, the messages and the bound on output; with them just these too."""
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Why?"}]
    assert sent() == {"model": "m", "messages": messages, "max_completion_tokens": 8192}
    settings = {"temperature": 0.0, "top_p": 0.5, "seed": 3, "reasoning_effort": "low", "extra_body": {"top_k": 1}}
    assert sent(max_output_key="max_tokens", max_output_tokens=10, **settings) == {
        "model": "m",
        "messages": messages,
        "max_tokens": 10,
        "temperature": 0.0,
        "top_p": 0.5,
        "seed": 3,
        "reasoning_effort": "low",
        "top_k": 1,
    }


def test_a_question_goes_before_the_settings():
    """A question's temperature replaces the setting's, its sample moves the seed; a server may refuse temperatures."""
    other = replace(QUESTION, temperature=0.7, sample=2)
    assert sent(other, temperature=0.0, seed=3)["temperature"] == 0.7
    assert sent(other, temperature=0.0, seed=3)["seed"] == 5
    assert "seed" not in sent(other)
    assert "temperature" not in sent(other, temperature=0.0, sends_temperature=False)


def test_structured_by_schema():
    """A schema goes out strict, under its name, and leaves the messages alone."""
    got = sent(replace(QUESTION, schema=SCHEMA, schema_name="edits"))
    assert got["messages"] == sent()["messages"]
    assert got["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "edits",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"text": {"type": "string"}},
                "required": ["text"],
                "additionalProperties": False,
            },
        },
    }


@pytest.mark.parametrize(("structured", "expected"), [("json", {"type": "json_object"}), ("text", None)])
def test_structured_by_words(structured, expected):
    """Where a server lacks schemas, the one system message holds the schema, and is made where absent."""
    got = sent(replace(QUESTION, schema=SCHEMA), structured=structured)
    assert got.get("response_format") == expected
    assert [m["role"] for m in got["messages"]] == ["system", "user"]
    assert got["messages"][0]["content"].startswith("Be short.\n\n")
    assert '"properties"' in got["messages"][0]["content"]
    alone = sent(replace(QUESTION, schema=SCHEMA, messages=QUESTION.messages[1:]), structured=structured)
    assert [m["role"] for m in alone["messages"]] == ["system", "user"]


@pytest.mark.parametrize("structured", ["schema", "json", "text"])
def test_free_text_has_no_format(structured):
    """A question without a schema is the same request however replies get their shape."""
    assert sent(structured=structured) == sent()


def test_a_raw_question_passes_as_it_is():
    """A foreign program's request keeps tools and sampling; the model is ours, and the lower bound on output holds."""
    raw = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "x"}]},
            {"role": "tool", "tool_call_id": "1"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"default": 1}}}],
        "temperature": 0.3,
        "max_tokens": 50,
        "stream": True,
        "odd": None,
    }
    kept = {key: raw[key] for key in ("messages", "tools", "temperature", "odd")}
    question = replace(QUESTION, raw=raw)
    assert sent(question, temperature=0.0, seed=1) == {**kept, "model": "m", "max_completion_tokens": 50}
    assert sent(question, max_output_tokens=20)["max_completion_tokens"] == 20
    assert ask(reply("x"), question).raw == {"role": "assistant", "content": "x", "refusal": None}


def test_text_that_is_no_text_is_sent_all_the_same():
    """Lone surrogates, which undecodable bytes of a file become, reach the server as question marks."""
    got = sent(replace(QUESTION, messages=(Message("user", "a\udcffb\u00e9\x00"),)))
    assert got["messages"][0]["content"] == "a?b\u00e9\x00"


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"base_url": "http://localhost:2/v1"},
        {"structured": "json"},
        {"temperature": 0.0},
        {"sends_temperature": False},
        {"top_p": 0.5},
        {"seed": 0},
        {"reasoning_effort": "low"},
        {"max_output_tokens": 5},
        {"max_output_key": "max_tokens"},
        {"extra_body": {"seed": 0}},
    ],
)
def test_what_reaches_a_request_is_identity(change):
    """Each setting that changes a request changes the identity."""
    assert replace(chat("http://localhost:1/v1"), **change).identity() != chat("http://localhost:1/v1").identity()


@pytest.mark.parametrize("change", [{"name": "other"}, {"api_key_env": "OTHER"}, {"timeout_s": 1.0}])
def test_what_reaches_no_request_is_no_identity(change):
    """Another name, key or patience asks the same."""
    assert replace(chat("http://localhost:1/v1"), **change).identity() == chat("http://localhost:1/v1").identity()


def test_building_a_model_imports_no_sdk():
    """Stages that build a model and ask it nothing do not wait a second for the SDK."""
    program = (
        "import sys; from bugladder.models.openai_chat import OpenAIChat; OpenAIChat('x', 'm').identity()\n"
        "print(sorted({'openai', 'httpx2'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base_url": "localhost:8000"}, "base_url"),
        ({"base_url": f"http://me:{KEY}@localhost/v1"}, "base_url"),
        ({"base_url": "http://localhost/v1?api-version=1"}, "base_url"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"extra_body": {"max_tokens": 9}}, "extra_body: max_tokens"),
        ({"structured": "xml"}, "structured"),
        ({"api_key": KEY}, "api_key"),
    ],
)
def test_settings_that_no_request_could_be_made_of(change, words):
    """A wrong setting is an error that names it before any request, without a password that stands in it."""
    node = {"_target_": "bugladder.models.openai_chat.OpenAIChat", "name": "x", "model": "m", **change}
    with pytest.raises(BugladderError, match=words) as caught:
        config.build(node, where="model")
    assert KEY not in str(caught.value)


def test_every_choice_in_conf_is_priced_and_builds():
    """Each model in conf builds under its own name, and all that it may ask has a price; so has a snapshot."""
    prices: PriceTable = config.build(yaml.safe_load((PROJECT / "conf/prices/default.yaml").read_text()), PriceTable)
    for path in sorted((PROJECT / "conf/model").glob("*.yaml")):
        built = config.build(yaml.safe_load(path.read_text()), where=path.name)
        assert built.name == path.stem
        for model in (built, getattr(built, "mini", built), getattr(built, "big", built)):
            if isinstance(model, OpenAIChat):
                assert prices.price(model.model, model.model).read_at
    assert prices.price("gpt-4o-2024-08-06", "gpt-4o").usd(1_000_000, 400_000, 100_000) == pytest.approx(3.0)
    assert prices.price("gpt-4o-mini", "gpt-4o-mini").usd(1_000_000, 0, 1_000_000) == pytest.approx(0.75)
