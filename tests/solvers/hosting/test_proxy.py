"""The proxy as the official SDK and a rude client see it, over a real Unix socket and without a sandbox."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from contextlib import contextmanager

import httpx2
import openai
import pytest

from bugladder.records import InfrastructureError
from bugladder.records.chats import BAD_REQUEST, CONTEXT_LENGTH, CapReachedError, Reply, Usage
from bugladder.running.doorway import open_doorway
from bugladder.solvers.hosting.proxy import ProxyLimits, open_proxy
from bugladder.workspace import Deadline

_TOOL = {"type": "function", "function": {"name": "bash", "parameters": {"type": "object", "properties": {}}}}
_CALL = {"id": "call-1", "type": "function", "function": {"name": "bash", "arguments": "{}"}}


class ScriptedChat:
    """Answers each question by a function of it and its number, from 1; remembers them all."""

    def __init__(self, answer):
        self.answer = answer
        self.questions = []
        self.at_once = self.most_at_once = 0

    def ask(self, question):
        """As protocols.Chat."""
        self.questions.append(question)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self.answer(question, len(self.questions))
        finally:
            self.at_once -= 1


def _reply(text="fine", **fields):
    return Reply(text, **{"finish_reason": "stop", "model_answered": "ours", "usage": Usage(7, 3), **fields})


@contextmanager
def _served(answer, limit_s=60.0, **limits):
    """A proxy on a socket of its own: the chat, the proxy and an SDK client on it, which tries nothing twice."""
    chat, deadline = ScriptedChat(answer), Deadline(limit_s)
    with open_doorway() as door, open_proxy(door.listener, chat, deadline, ProxyLimits(**limits)) as proxy:
        proxy.path, chat.deadline = door.path, deadline
        transport = httpx2.HTTPTransport(uds=str(door.path))
        with httpx2.Client(transport=transport) as http:
            client = openai.OpenAI(base_url="http://door/v1", api_key="unused", http_client=http, max_retries=0)
            yield chat, proxy, client


def _ask(client, text="why?", **more):
    return client.chat.completions.create(model="gpt-dear", messages=[{"role": "user", "content": text}], **more)


def _raw(proxy, data, *, wait_s=5.0):
    """What comes back for bytes that no SDK would send."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(wait_s)
        client.connect(str(proxy.path))
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_a_question_reaches_the_chat_whole():
    """Tools, sampling and a tool's result go on as they came; model, account and stream words do not."""
    with _served(lambda *_: _reply()) as (chat, proxy, client):
        messages = [
            {"role": "developer", "content": [{"type": "text", "text": "be short"}]},
            {"role": "assistant", "content": None, "tool_calls": [_CALL]},
            {"role": "tool", "tool_call_id": "call-1", "content": "done"},
        ]
        answer = client.chat.completions.create(
            model="gpt-dear", messages=messages, tools=[_TOOL], temperature=0.5, user="me", service_tier="priority"
        )
    (question,) = chat.questions
    assert question.raw == {"messages": messages, "tools": [_TOOL], "temperature": 0.5}
    assert [m.role for m in question.messages] == ["system", "system", "assistant", "user"]
    for word in ("bash", "be short", "call-1", "done"):
        assert word in str(question.messages)
    assert (answer.model, answer.choices[0].message.content) == ("ours", "fine")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 3)
    assert (proxy.totals.calls, proxy.totals.answered, proxy.totals.tokens_in) == (1, 1, 7)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_tool_calls_come_back_as_the_server_sent_them(is_streamed):
    """A reply's tool calls reach the program, at once or as a stream."""
    raw = {"role": "assistant", "content": None, "tool_calls": [_CALL], "reasoning_content": "hm"}
    with _served(lambda *_: _reply("", raw=raw, finish_reason="tool_calls")) as (_, _, client):
        if is_streamed:
            chunks = list(_ask(client, stream=True, stream_options={"include_usage": True}))
            delta = next(c.choices[0].delta for c in chunks if c.choices and c.choices[0].delta.tool_calls)
            ends = [c.choices[0].finish_reason for c in chunks if c.choices]
            assert [c.usage.total_tokens for c in chunks if c.usage] == [10]
        else:
            choice = _ask(client).choices[0]
            delta, ends = choice.message, [None, choice.finish_reason]
    assert ends == [None, "tool_calls"]
    assert [(c.id, c.function.name) for c in delta.tool_calls] == [("call-1", "bash")]
    assert delta.reasoning_content == "hm"


def test_only_one_model_is_listed():
    """Whoever asks which models there are is told of one."""
    with _served(lambda *_: _reply()) as (_, _, client):
        assert [m.id for m in client.models.list()] == ["model"]


def test_asking_again_is_another_sample():
    """An equal question is the next sample of it; a reply that never arrived is asked for as the same one."""
    release = threading.Event()

    def answer(_question, number):
        if number == 3:
            release.wait(5)
        return _reply()

    with _served(answer) as (chat, proxy, client):
        _ask(client)
        _ask(client)
        with pytest.raises(openai.APITimeoutError):
            _ask(client, timeout=0.2)
        release.set()
        _ask(client)
        _ask(client, "something else")
        assert proxy.totals.calls == 5
    assert [q.sample for q in chat.questions] == [0, 1, 2, 2, 0]
    assert [q.iteration for q in chat.questions] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("failure", "error", "words"),
    [
        (CapReachedError("cap of 1 USD", is_phase=False), openai.APIStatusError, "cap of 1 USD"),
        (InfrastructureError("host secret.example is down"), openai.InternalServerError, "cannot be asked"),
        (ZeroDivisionError("a defect"), openai.InternalServerError, "cannot be asked"),
    ],
)
def test_a_failure_shuts_the_door_and_is_kept(failure, error, words):
    """What ends the asking is kept for the solver to raise; the program learns no more than it needs, then nothing."""

    def fail(*_):
        raise failure

    with _served(fail) as (chat, proxy, client):
        with pytest.raises(error, match=words) as caught:
            _ask(client)
        with pytest.raises(openai.APIConnectionError):
            _ask(client)
        assert proxy.failure is failure
        assert caught.value.status_code == (402 if isinstance(failure, CapReachedError) else 503)
        assert "secret" not in str(caught.value)
    assert len(chat.questions) == 1


@pytest.mark.parametrize(("reason", "code"), [(CONTEXT_LENGTH, "context_length_exceeded"), (BAD_REQUEST, BAD_REQUEST)])
def test_a_refused_question_is_told_and_the_next_one_answered(reason, code):
    """Where the server refuses one question the program gets status 400 with the reason, and may go on."""
    replies = [_reply("", finish_reason=reason, refusal="no"), _reply()]
    with _served(lambda _, n: replies[n - 1]) as (_, proxy, client):
        with pytest.raises(openai.BadRequestError) as caught:
            _ask(client)
        assert caught.value.code == code
        assert _ask(client).choices[0].message.content == "fine"
        assert proxy.failure is None


def test_questions_are_passed_on_one_after_the_other():
    """However many are asked at once, the chat gets one at a time, and none is lost."""

    def slowly(*_):
        time.sleep(0.02)
        return _reply()

    with _served(slowly) as (chat, _, client):
        threads = [threading.Thread(target=_ask, args=(client, str(n))) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(chat.questions) == 8
    assert chat.most_at_once == 1


def _post(body, headers=""):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(data)}\r\n"
    return f"{head}{headers}\r\n".encode() + data


_USER = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "no JSON"),
        ([1], "a JSON object"),
        (b'{"messages": [{"role": "user", "content": "x"}], "temperature": NaN}', "NaN"),
        (b'{"messages": ' + b"[" * 90000 + b"]" * 90000 + b"}", "JSON"),
        ({"messages": [_USER], "tools": [json.loads("[" * 60 + "]" * 60)]}, "nested"),
        ({}, "messages"),
        ({"messages": [{"role": "god", "content": "x"}]}, r"messages\[0\]"),
        ({"messages": [{**_USER, "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]}, "only text"),
        ({"messages": [_USER], "tools": [{"type": "web_search"}]}, r"tools\[0\]"),
        ({"messages": [_USER], "web_search_options": {}}, "web_search_options"),
        ({"messages": [_USER], "prediction": {"type": "content", "content": "x"}}, "prediction"),
        ({"messages": [_USER], "n": 5}, "'n'"),
        ({"messages": [_USER], "max_tokens": "many"}, "max_tokens"),
    ],
    ids=lambda v: v[:12] if isinstance(v, str) else "",
)
def test_what_is_no_plain_question_is_refused(body, words):
    """Nonsense, and what would cost apart or reach out of the fences, is refused with a reason and asked of nobody."""
    with _served(lambda *_: _reply()) as (chat, proxy, _):
        head, _, answer = _raw(proxy, _post(body)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400")
        assert re.search(words, json.loads(answer)["error"]["message"])
        assert proxy.failure is None
    assert chat.questions == []


def test_requests_are_bounded():
    """A body beyond its bound, without a length, or at another path is refused before it is read."""
    with _served(lambda *_: _reply(), request_bytes=100) as (chat, proxy, _):
        assert _raw(proxy, _post(b"x" * 101)).startswith(b"HTTP/1.1 413")
        assert _raw(proxy, b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 411")
        chunked = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert _raw(proxy, chunked).startswith(b"HTTP/1.1 411")
        other = _post(b"{}").replace(b"/chat/completions", b"/responses")
        assert _raw(proxy, other).startswith(b"HTTP/1.1 404")
        assert _raw(proxy, b"GET /secrets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 404")
    assert chat.questions == []


def test_connections_are_bounded():
    """One connection more than allowed is turned away, and served once another is gone."""
    with _served(lambda *_: _reply(), connections=2) as (_, proxy, client):
        held = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for connection in held:
            connection.connect(str(proxy.path))
            connection.sendall(b"POST ")
        time.sleep(0.1)
        assert _raw(proxy, b"").startswith(b"HTTP/1.1 503")
        for connection in held:
            connection.close()
        time.sleep(0.1)
        assert _ask(client).choices[0].message.content == "fine"


def test_calls_are_bounded():
    """Beyond the limit of calls each question is refused, and after some refusals the door is shut."""
    with _served(lambda *_: _reply(), calls=1, refusals=2) as (chat, proxy, client):
        _ask(client)
        for _ in range(3):
            with pytest.raises(openai.PermissionDeniedError, match="limit of 1 calls"):
                _ask(client)
        with pytest.raises(openai.APIConnectionError):
            _ask(client)
        assert proxy.is_shut_by_limit
        assert proxy.failure is None
    assert len(chat.questions) == 1


def test_the_clock_tells_what_does_not_count():
    """What the chat excuses from the deadline is told, and so is, for the time being, a question in flight."""
    asked, release = threading.Event(), threading.Event()

    def answer(*_):
        chat.deadline.excuse(5.0)
        asked.set()
        release.wait(5)
        return _reply()

    def told_s():
        answer = _raw(proxy, b"GET /bugladder/clock HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return json.loads(answer.partition(b"\r\n\r\n")[2])["excused_s"]

    with _served(answer) as (chat, proxy, client):
        assert told_s() == 0.0
        thread = threading.Thread(target=_ask, args=(client,))
        thread.start()
        asked.wait(5)
        time.sleep(0.05)
        assert 0.05 <= told_s() < 5.0
        release.set()
        thread.join()
        assert told_s() == pytest.approx(5.0)


def test_closing_waits_for_what_is_paid_and_leaves_nothing():
    """A question in flight at the end is waited for; afterwards no thread and no socket's name is left."""
    before = threading.active_count()

    def slowly(*_):
        time.sleep(0.3)
        return _reply()

    with _served(slowly) as (_, proxy, _):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(proxy.path))
        client.sendall(_post({"messages": [_USER]}))
        time.sleep(0.1)
    assert proxy.totals.answered == 1
    assert threading.active_count() == before
    assert not proxy.path.parent.exists()
    client.close()
