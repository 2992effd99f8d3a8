from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import openai  # noqa: F401 - imported before the clocks of these tests start
import pytest
from chat_acts import Act, endless, in_order, reply
from chat_server import ChatServer

from bugladder.models.connections import Endpoint, post
from bugladder.records.chats import TryError

BODY = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


@pytest.fixture
def dribbling():
    """A server that sends the head of a reply byte by byte and never ends it; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Pad: ")
            while not stop.wait(0.02):
                try:
                    connection.sendall(b"a")
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    stop.set()
    thread.join()
    listener.close()


def test_a_head_that_never_ends_ends_in_time(dribbling):
    """The bound holds although a byte of the head arrives every 20 ms."""
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        post(Endpoint(f"http://127.0.0.1:{dribbling}/v1", "m", 0.5), BODY)
    assert time.monotonic() - started < 5.0


def test_sixty_four_threads_wait_side_by_side():
    """64 requests of 64 threads stand at the server at the same moment; none waits for another's connection."""
    gate = threading.Event()
    with ChatServer(in_order(reply(hold=gate))) as server, ThreadPoolExecutor(64) as pool:
        endpoint = Endpoint(server.base_url, "m", 30.0)
        futures = [pool.submit(post, endpoint, BODY) for _ in range(64)]
        deadline = time.monotonic() + 20.0
        while len(server.requests) < 64 and time.monotonic() < deadline:
            time.sleep(0.01)
        waiting = [r for r in server.requests if r.ended_s is None]
        gate.set()
        assert len(waiting) == 64
        assert all(future.result() for future in futures)


def test_requests_that_ran_out_of_time_block_no_later_one():
    """After 40 requests at once ran out of time the same client still asks, at once and with success."""
    acts = [endless()] * 20 + [reply(latency_s=5.0)] * 20 + [reply()]
    with ChatServer(in_order(*acts)) as server, ThreadPoolExecutor(40) as pool:
        hurried = Endpoint(server.base_url, "m", 0.5)
        errors = [f.exception() for f in [pool.submit(post, hurried, BODY) for _ in range(40)]]
        assert [type(error) for error in errors] == [TimeoutError] * 40
        started = time.monotonic()
        assert b'"ok"' in post(Endpoint(server.base_url, "m", 30.0), BODY)
        assert time.monotonic() - started < 5.0


def test_a_timed_out_request_leaves_its_connection():
    """When the time is over the server sees the client go, so that it need not work on."""
    with ChatServer(in_order(endless())) as server:
        with pytest.raises(TimeoutError):
            post(Endpoint(server.base_url, "m", 0.3), BODY)
        deadline = time.monotonic() + 5.0
        while server.requests[0].ended_s is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.requests[0].ended_s is not None
        assert not server.requests[0].is_finished


def test_connections_are_kept_for_the_next_request():
    """Requests one after the other go over one connection: a handshake each would cost more than a small reply."""
    with ChatServer(in_order(reply())) as server:
        for _ in range(5):
            post(Endpoint(server.base_url, "m", 30.0), BODY)
        assert server.n_connections == 1


def test_a_key_goes_into_the_header_and_no_key_gives_none():
    """A key reaches the server as its bearer; a server without one gets no such header; no repr shows it."""
    with ChatServer(in_order(reply())) as server:
        keyed = Endpoint(server.base_url, "m", 30.0, "SOME_KEY", "sk-of-a-test")
        post(keyed, BODY)
        post(Endpoint(server.base_url, "m", 30.0), BODY)
        first, second = (r.headers for r in server.requests)
    assert first["authorization"] == "Bearer sk-of-a-test"
    assert "authorization" not in second
    assert "sk-of-a-test" not in repr(keyed)


def test_a_reply_without_bounds_is_cut():
    """A reply beyond the limit of its size is a failed try, not a full memory."""
    with ChatServer(in_order(Act(body=b" " * 5000))) as server, pytest.raises(TryError, match="larger than 1000"):
        post(Endpoint(server.base_url, "m", 30.0, max_reply_bytes=1000), BODY)
