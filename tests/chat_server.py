"""A chat completions server on 127.0.0.1 that logs each request as it came and answers as it is told (chat_acts).

In a test: `with ChatServer(behaviour) as server: ... server.base_url ... server.requests`. As a process of its own,
which outlives who is killed: `python tests/chat_server.py --latency 0.2 --log FILE --behaviour plain` prints its port.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from chat_acts import NAMED, Act, Behaviour, failure

_TRICKLE_S = 0.02
_POLL_S = 0.02


@dataclass
class Received:
    """One request as it came, and what became of it.

    Names of headers are in lower case. Times are time.monotonic(), which all processes of a machine share.
    """

    n: int
    path: str
    headers: dict[str, str]
    body: bytes
    arrived_s: float
    status: int | None = None
    ended_s: float | None = None
    is_finished: bool = False
    """The whole reply was written to a client that was still there; known a moment after the client may have it."""

    @property
    def json(self) -> dict[str, Any]:
        """The decoded body; empty where it is no JSON object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class ChatServer:
    """The server, from `with` to its end on a thread per connection."""

    def __init__(self, behaviour: Behaviour, *, latency_s: float = 0.0, log: Path | None = None, port: int = 0) -> None:
        """Bind a port; latency_s is added to every act's own, log gets one JSON line per arrival and per end."""
        self._behaviour = behaviour
        self._latency_s = latency_s
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._connections: set[socket.socket] = set()
        self.n_connections = 0
        self._log = log.open("a", encoding="utf-8") if log is not None else None
        self.is_closing = threading.Event()
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def port(self) -> int:
        """The bound port."""
        return int(self._http.server_address[1])

    @property
    def base_url(self) -> str:
        """What a client is configured with."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def requests(self) -> list[Received]:
        """All requests so far, in order of arrival."""
        with self._lock:
            return list(self._received)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every connection and thread."""
        self.is_closing.set()
        self._http.shutdown()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._http.server_close()
        self._thread.join()
        if self._log is not None:
            self._log.close()

    @contextlib.contextmanager
    def connected(self, connection: socket.socket) -> Iterator[None]:
        """Remember an open connection, so that close can end it."""
        with self._lock:
            self._connections.add(connection)
            self.n_connections += 1
            if self.is_closing.is_set():
                connection.shutdown(socket.SHUT_RDWR)
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)

    def receive(self, path: str, headers: dict[str, str], body: bytes) -> tuple[Received, Act]:
        """Log an arrival and ask what to do about it."""
        with self._lock:
            seen = Received(len(self._received), path, headers, body, time.monotonic())
            self._received.append(seen)
            text = body.decode("utf-8", "replace")
            self._write({"event": "arrived", "n": seen.n, "s": seen.arrived_s, "headers": headers, "body": text})
            if not path.endswith("/chat/completions"):
                return seen, failure(404, f"unknown path {path}")
            return seen, self._behaviour(seen.json, seen.n)

    def wait(self, act: Act) -> None:
        """Sleep through an act's latency, or until the server closes."""
        self.is_closing.wait(self._latency_s + act.latency_s)
        while act.hold is not None and not act.hold.wait(_POLL_S) and not self.is_closing.is_set():
            pass

    def end(self, seen: Received, status: int, *, is_finished: bool) -> None:
        """Log the end of a request."""
        with self._lock:
            seen.status, seen.is_finished, seen.ended_s = status, is_finished, time.monotonic()
            self._write(
                {"event": "ended", "n": seen.n, "s": seen.ended_s, "status": status, "is_finished": is_finished}
            )

    def _write(self, line: dict[str, Any]) -> None:
        if self._log is not None and not self._log.closed:
            self._log.write(json.dumps(line) + "\n")
            self._log.flush()


class _Http(ThreadingHTTPServer):
    owner: ChatServer
    daemon_threads = False
    request_queue_size = 256

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self.owner.connected(request):
            super().process_request_thread(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write: two small ones would wait for each other's acknowledgement
    server: _Http

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        owner = self.server.owner
        seen, act = owner.receive(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        owner.wait(act)
        is_finished = False
        try:
            is_finished = not self._has_left() and self._perform(act, seen)
        except OSError:
            self.close_connection = True
        owner.end(seen, act.status, is_finished=is_finished)

    def _perform(self, act: Act, seen: Received) -> bool:
        """True where the whole reply was written."""
        body = act.body
        if isinstance(body, dict):
            body = json.dumps(
                {**body, "model": seen.json.get("model")} if body.get("model", "") is None else body
            ).encode()
        if act.cut_after is not None or act.is_endless or self.server.owner.is_closing.is_set():
            self.close_connection = True
        if act.cut_after == -1 or self.server.owner.is_closing.is_set():
            return False
        self.send_response_only(act.status)
        for name, value in {"Content-Type": "application/json", **act.headers}.items():
            self.send_header(name, value)
        length = ("Transfer-Encoding", "chunked") if act.is_endless else ("Content-Length", str(len(body)))
        self.send_header(*length)
        self.end_headers()
        self.wfile.write(body[: act.cut_after])
        self.wfile.flush()
        while act.is_endless and not self.server.owner.is_closing.wait(_TRICKLE_S):
            self.wfile.write(b"1\r\n \r\n")
            self.wfile.flush()
        return not act.is_endless and act.cut_after is None

    def _has_left(self) -> bool:
        """The client closed its end while it waited: it can use no reply any more."""
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        finally:
            self.connection.setblocking(True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The log is the owner's."""


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--log", type=Path, help="JSON lines, appended and flushed")
    parser.add_argument("--behaviour", default="plain", help=f"{', '.join(NAMED)}, or module:function")
    given = parser.parse_args()
    behaviour = NAMED.get(given.behaviour)
    if behaviour is None:
        module, _, name = given.behaviour.partition(":")
        behaviour = getattr(importlib.import_module(module), name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ChatServer(behaviour, latency_s=given.latency, log=given.log, port=given.port) as server:
        print(server.port, flush=True)
        stop.wait()


if __name__ == "__main__":
    sys.exit(_main())
