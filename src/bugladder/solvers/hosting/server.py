"""HTTP on a listening Unix socket, bounded: decides what is a request at all and hands it to who answers."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer, ThreadingMixIn, UnixStreamServer
from typing import Any, Protocol

from bugladder.solvers.hosting.replies import Answer, answer_json, refuse
from bugladder.solvers.hosting.requests import BadRequestError, ForeignRequest, read_request

CLOCK = "/bugladder/clock"
"""Where our own program inside asks for the seconds that do not count."""
MODEL = "model"
"""The name that the one model is listed by; any other is taken for it."""
_IDLE_S = 600.0
_POLL_S = 0.05
_CHAT = ("/v1/chat/completions", "/chat/completions")
_MODELS = ("/v1/models", "/models")


class Answerer(Protocol):
    """Who answers the requests of one server; called from many threads."""

    def answer(self, request: ForeignRequest) -> Answer:
        """A reply or a refusal."""
        ...

    def delivered(self, request: ForeignRequest) -> None:
        """The reply to this request has been written."""
        ...

    def failed(self, error: BaseException) -> None:
        """The serving itself failed."""
        ...

    def excused_s(self) -> float:
        """Seconds that do not count as the program's."""
        ...


class DoorServer(ThreadingMixIn, UnixStreamServer):
    """Serves a listener that somebody else owns, a thread a connection, until `stop` or `shut`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, answerer: Answerer, request_bytes: int, connections: int) -> None:
        """Take a listening socket; bodies beyond request_bytes and connections beyond their number are refused."""
        BaseServer.__init__(self, "", _Handler)
        self.socket = listener
        self.answerer = answerer
        self.request_bytes = request_bytes
        self._places = threading.BoundedSemaphore(connections)
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._loop = threading.Thread(target=self.serve_forever, args=(_POLL_S,), daemon=True)

    def start(self) -> None:
        """Serve from a thread of its own."""
        self._loop.start()

    def shut(self) -> None:
        """Take no further connection, so that who knocks is turned away by the system; may be called twice."""
        self.shutdown()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Shut, end every connection, and wait for what is being answered: it is paid for."""
        self.shut()
        self._loop.join()
        with self._lock:
            threads = list(self._threads)
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a connection's thread, or turn it away where there are too many."""
        if not self._places.acquire(blocking=False):
            with contextlib.suppress(OSError):
                request.sendall(b"HTTP/1.1 503 Too Many Connections\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.shutdown_request(request)
            return
        thread = threading.Thread(target=self._attend, args=(request, client_address), daemon=True)
        with self._lock:
            self._open.add(request)
            self._threads.add(thread)
        thread.start()

    def _attend(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            self._places.release()
            with self._lock:
                self._open.discard(request)
                self._threads.discard(threading.current_thread())

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's
        """A program that hangs up is no error of ours; anything else is told to who answers."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.answerer.failed(error)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    server: DoorServer

    def do_GET(self) -> None:  # the base class's naming
        """List the one model, or tell our own program the time."""
        path = self.path.partition("?")[0]
        if path in _MODELS:
            model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "bugladder"}
            self._send(answer_json(200, {"object": "list", "data": [model]}))
        elif path == CLOCK:
            self._send(answer_json(200, {"excused_s": self.server.answerer.excused_s()}))
        else:
            self._send(refuse(404, "not_found", f"{path[:200]}: not served; /v1/chat/completions is"))

    def do_POST(self) -> None:  # the base class's naming
        """Answer a chat completion request."""
        body = self._body()
        path = self.path.partition("?")[0]
        if body is None:
            return
        if path not in _CHAT:
            self._send(refuse(404, "not_found", f"{path[:200]}: not served; /v1/chat/completions is"))
            return
        try:
            request = read_request(body)
        except BadRequestError as error:
            self._send(refuse(400, "invalid_request_error", str(error)))
            return
        answer = self.server.answerer.answer(request)
        self._send(answer)
        if answer.status == 200:
            self.server.answerer.delivered(request)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the terminal is not the program's."""

    def _body(self) -> bytes | None:
        """The body, or None where it was refused."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or "Transfer-Encoding" in self.headers:
            self._send(refuse(411, "length_required", "a Content-Length is needed"), is_last=True)
            return None
        if int(length) > self.server.request_bytes:
            words = f"the request has {length[:20]} bytes; at most {self.server.request_bytes} are taken"
            self._send(refuse(413, "request_too_large", words), is_last=True)
            return None
        return self.rfile.read(int(length))

    def _send(self, answer: Answer, *, is_last: bool = False) -> None:
        # after a refusal the next question knocks again, and finds the door shut where it is
        is_last = is_last or answer.status != 200
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if is_last:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()
        self.close_connection = self.close_connection or is_last
