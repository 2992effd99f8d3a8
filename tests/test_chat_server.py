from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection, RemoteDisconnected

import pytest
from chat_acts import dropped, in_order, reply
from chat_server import ChatServer
from tiny_bug import PROJECT

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]})
PATH = "/v1/chat/completions"


def lines(log):
    """The log so far, one dict per line."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def eventually(condition, limit_s=10.0):
    """Wait until a condition holds; True where it came to that in time."""
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_a_client_that_is_killed_has_no_finished_reply(tmp_path):
    """The log tells a reply that a living client got from one that was ready after its client had been killed."""
    log = tmp_path / "log.jsonl"
    program = (
        "import sys; from http.client import HTTPConnection\n"
        f"c = HTTPConnection('127.0.0.1', int(sys.argv[1])); c.request('POST', {PATH!r}, {BODY!r}); c.getresponse()"
    )
    with ChatServer(in_order(reply(latency_s=1.0), reply()), log=log) as server:
        client = subprocess.Popen([sys.executable, "-c", program, str(server.port)])
        assert eventually(lambda: len(server.requests) == 1)
        client.kill()
        client.wait()
        living = HTTPConnection("127.0.0.1", server.port)
        living.request("POST", PATH, BODY)
        assert json.loads(living.getresponse().read())["model"] == "m"
        assert eventually(lambda: all(r.ended_s is not None for r in server.requests))
        living.close()
    assert {line["n"]: line["is_finished"] for line in lines(log) if line["event"] == "ended"} == {0: False, 1: True}
    assert [line["body"] for line in lines(log) if line["event"] == "arrived"] == [BODY, BODY]


def test_a_dropped_connection_gives_no_byte():
    """A dropped connection is an end without a reply, and the request before it is in the log."""
    with ChatServer(in_order(dropped())) as server:
        client = HTTPConnection("127.0.0.1", server.port)
        client.request("POST", PATH, BODY)
        with pytest.raises(RemoteDisconnected):
            client.getresponse()
        client.close()
        assert [(r.json["model"], r.is_finished) for r in server.requests] == [("m", False)]


def test_it_runs_as_a_process_of_its_own(tmp_path):
    """Started as a program it prints its port, waits as told before a reply, logs at once and ends on SIGTERM."""
    log = tmp_path / "log.jsonl"
    command = [sys.executable, str(PROJECT / "tests/chat_server.py"), "--latency", "0.3", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            client = HTTPConnection("127.0.0.1", int(server.stdout.readline()))
            client.request("POST", PATH, BODY)
            assert client.getresponse().status == 200
            assert eventually(lambda: len(lines(log)) == 2)
            client.close()
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) == 0
        finally:
            server.kill()
    arrived, ended = lines(log)
    assert ended["s"] - arrived["s"] >= 0.3
