"""Decides how a request reaches a server: one SDK client per endpoint, and a time bound on the whole exchange.

The transport's own time-outs bound each wait for bytes, so a reply that trickles would never end. Exchanges therefore
run on one event loop, where the whole of an exchange can be cancelled.
"""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bugladder.records.chats import TryError

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

_CONNECT_TIMEOUT_S = 15.0
_GRACE_S = 5.0
_QUOTE_CHARS = 300
_KEY_LIKE = re.compile(r"\bsk-[^\s\"',;<>]{4,}|\bBearer\s+\S+")
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Endpoint:
    """Where and how a model is asked. key_variable names the variable that holds the key; None for a server without."""

    base_url: str
    model: str
    timeout_s: float
    key_variable: str | None = None
    key: str | None = field(default=None, repr=False)
    max_reply_bytes: int = 64 * 1024 * 1024

    @property
    def where(self) -> str:
        """The endpoint in words, for errors."""
        return f"model {self.model!r} at {self.base_url}"

    def quote(self, words: str) -> str:
        """What a server said, on one line, short, and without anything that looks like a key."""
        text = " ".join(words.split())
        if self.key:
            text = text.replace(self.key, "[key]")
        return _KEY_LIKE.sub("[key]", text)[:_QUOTE_CHARS]


def post(endpoint: Endpoint, body: dict[str, Any]) -> bytes:
    """One request, once; the decompressed body of a reply with a good status.

    Raises:
        openai.APIError: a bad status, or no connection.
        httpx2.HTTPError: the connection broke while the body came.
        TimeoutError: the whole took longer than the endpoint's timeout_s.
        TryError: the reply is larger than max_reply_bytes.
    """
    with _LOCK:
        client, loop = _client(endpoint.base_url, endpoint.key), _loop()
    future = asyncio.run_coroutine_threadsafe(_exchange(client, endpoint, body), loop)
    try:
        return future.result(endpoint.timeout_s + _GRACE_S)
    finally:
        future.cancel()  # an interrupted caller leaves no request behind


async def _exchange(client: AsyncOpenAI, endpoint: Endpoint, body: dict[str, Any]) -> bytes:
    import openai

    headers = {} if endpoint.key is not None else {"Authorization": openai.omit}
    rest = {key: value for key, value in body.items() if key not in {"model", "messages"}}
    async with (
        asyncio.timeout(endpoint.timeout_s),
        client.chat.completions.with_streaming_response.create(
            model=body["model"],
            messages=body["messages"],
            extra_body=rest,
            extra_headers=headers,
            timeout=openai.Timeout(endpoint.timeout_s, connect=min(_CONNECT_TIMEOUT_S, endpoint.timeout_s)),
        ) as response,
    ):
        received = bytearray()
        async for chunk in response.iter_bytes():
            received += chunk
            if len(received) > endpoint.max_reply_bytes:
                words = f"{endpoint.where}: the reply is larger than {endpoint.max_reply_bytes} bytes"
                raise TryError(words, may_be_charged=True)
    return bytes(received)


@functools.cache
def _client(base_url: str, key: str | None) -> AsyncOpenAI:
    """The SDK's client, its own retries off so that each try is counted; called under the lock."""
    import openai

    return openai.AsyncOpenAI(api_key=key or "none", base_url=base_url, max_retries=0, http_client=_transport())


@functools.cache
def _transport() -> httpx2.AsyncClient:
    """The connections of all clients; called under the lock."""
    import httpx2
    import openai

    # without a bound no request waits for another's connection, and a cancelled one can block none
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=128)
    return openai.DefaultAsyncHttpx2Client(limits=limits)


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """The loop of all exchanges, on a thread that ends with the process; called under the lock."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="chat-exchanges", daemon=True).start()
    return loop
