"""The only way from a foreign program to a model: decides who is answered or refused, and when the door is shut.

Only its own figures count: whatever name, key or limit the program states, the chat of the instance is asked.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from bugladder.records import BugladderError, InfrastructureError
from bugladder.records.chats import CONTEXT_LENGTH, REFUSED, CapReachedError, Question, Reply
from bugladder.records.protocols import Chat
from bugladder.solvers.hosting.replies import Answer, answer_with, refuse
from bugladder.solvers.hosting.requests import ForeignRequest
from bugladder.solvers.hosting.server import DoorServer
from bugladder.workspace import Deadline

STEP = "agent"


@dataclass(frozen=True)
class ProxyLimits:
    """What one program may ask for in one instance; money is capped by the chat.

    Args:
        calls: questions passed on.
        refusals: questions refused beyond that, one by one; then the door is shut, which ends the program.
        request_bytes: size of one request's body.
        connections: connections at a time; questions are passed on one after the other.
    """

    calls: int = 250
    refusals: int = 10
    request_bytes: int = 4 << 20
    connections: int = 16

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could be asked.

        Raises:
            BugladderError: one is below 1.
        """
        for name, value in asdict(self).items():
            if value < 1:
                raise BugladderError(f"{name} is {value}; it should be at least 1")


@dataclass
class ProxyTotals:
    """What a program asked for: counts of questions, tokens of the replies, seconds in which the chat only waited."""

    calls: int = 0
    answered: int = 0
    refused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    excused_s: float = 0.0


class Proxy:
    """Answers a program's questions by the chat, one after the other; failure is what ended that, if anything did."""

    def __init__(self, chat: Chat, deadline: Deadline, limits: ProxyLimits) -> None:
        """Serve nobody yet: `open_proxy` does."""
        self.totals = ProxyTotals()
        self.failure: BaseException | None = None
        self.is_shut = self.is_shut_by_limit = False
        self._chat, self._deadline, self._limits = chat, deadline, limits
        self._seen: Counter[str] = Counter()
        self._turn = threading.Lock()
        self._asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bugladder-proxy")
        self._asking_since: float | None = None
        self._server: DoorServer | None = None

    def answer(self, request: ForeignRequest) -> Answer:
        """A reply, or a refusal with its reason."""
        with self._turn:
            refusal = self._refusal()
            return refusal if refusal is not None else self._ask(request)

    def delivered(self, request: ForeignRequest) -> None:
        """Whoever asks the same again wants another sample; a retry of what never arrived gets the same one."""
        with self._turn:
            self._seen[request.digest] += 1

    def failed(self, error: BaseException) -> None:
        """Keep what went wrong while serving; nothing more is asked."""
        with self._turn:
            self.failure = self.failure or error
        self._shut()

    def excused_s(self) -> float:
        """Seconds in which the chat only waited; a question in flight may turn out to have done so too."""
        since = self._asking_since
        return self.totals.excused_s + (0.0 if since is None else time.monotonic() - since)

    def serve(self, listener: socket.socket) -> None:
        """Answer who knocks, until `close`."""
        limits = self._limits
        self._server = DoorServer(listener, self, limits.request_bytes, limits.connections)
        self._server.start()

    def close(self) -> None:
        """Ask nothing more, wait for a question in flight, end every connection."""
        self.is_shut = True
        if self._server is not None:
            self._server.stop()
        self._asking.shutdown()

    def _refusal(self) -> Answer | None:
        if self.failure is None and not self.is_shut and self.totals.calls < self._limits.calls:
            return None
        self.totals.refused += 1
        if self.failure is not None:
            self._shut()
            return _refusal_for(self.failure)
        if self.totals.refused > self._limits.refusals:
            self.is_shut_by_limit = True
            self._shut()
        return refuse(403, "call_limit", f"the limit of {self._limits.calls} calls is reached; no call is answered")

    def _ask(self, request: ForeignRequest) -> Answer:
        self.totals.calls += 1
        number, limit_s = self.totals.calls, self._deadline.limit_s
        # a future keeps whatever the chat raises, so that the solver's own thread can raise it
        self._asking_since = time.monotonic()
        asked = self._asking.submit(self._chat.ask, self._question(request, number))
        error = asked.exception()
        self._asking_since = None
        self.totals.excused_s += self._deadline.limit_s - limit_s
        if error is None:
            return self._reply(asked.result(), request, number)
        self.failure = error
        self._shut()
        return _refusal_for(error)

    def _question(self, request: ForeignRequest, number: int) -> Question:
        return Question(STEP, number, request.messages, sample=self._seen[request.digest], raw=request.raw)

    def _reply(self, reply: Reply, request: ForeignRequest, number: int) -> Answer:
        if reply.finish_reason in REFUSED and not reply.text:
            code = "context_length_exceeded" if reply.finish_reason == CONTEXT_LENGTH else reply.finish_reason
            return refuse(400, code, reply.refusal or "the request is longer than the model can take")
        self.totals.answered += 1
        if reply.usage is not None:
            self.totals.tokens_in += reply.usage.tokens_in
            self.totals.tokens_out += reply.usage.tokens_out
        return answer_with(reply, request, number)

    def _shut(self) -> None:
        self.is_shut = True
        if self._server is not None:
            self._server.shut()


def _refusal_for(failure: BaseException) -> Answer:
    if isinstance(failure, CapReachedError):
        return refuse(402, "insufficient_quota", str(failure))
    is_ours = not isinstance(failure, BugladderError) or isinstance(failure, InfrastructureError)
    # why the driver could not ask is none of the program's business
    return refuse(503 if is_ours else 403, "model_unavailable", "the model cannot be asked any more")


@contextmanager
def open_proxy(listener: socket.socket, chat: Chat, deadline: Deadline, limits: ProxyLimits) -> Iterator[Proxy]:
    """A proxy that answers on a listener, closed at the end; the listener stays its owner's."""
    proxy = Proxy(chat, deadline, limits)
    proxy.serve(listener)
    try:
        yield proxy
    finally:
        proxy.close()
