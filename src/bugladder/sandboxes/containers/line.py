"""The line to a container's first program: frames of its two outputs come apart, each wait is bounded."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

_STDOUT = 1
_HEAD = struct.Struct(">BxxxL")
_KEPT_WORDS = 4000
_BLOCK = 1 << 20


class LineEndedError(Exception):
    """The container's end of the line is closed."""


class Line:
    """An attached container's standard input and output; used by one thread at a time."""

    def __init__(self, attached: Any) -> None:
        """Wrap what attach_socket returned, before the container has started."""
        # kept: it owns the descriptor, and what it was answered with
        self._attached = attached
        self._socket: socket.socket = getattr(attached, "_sock", attached)
        self._raw = bytearray()
        self._out = bytearray()
        self._words = bytearray()

    @property
    def words(self) -> str:
        """What the program has said on its standard error, its end only."""
        return self._words.decode("utf-8", "replace").strip()

    def send(self, data: bytes, timeout_s: float) -> None:
        """Send all of it.

        Raises:
            OSError: the line is closed, or nobody reads.
        """
        self._socket.settimeout(timeout_s)
        self._socket.sendall(data)

    def take(self, size: int, deadline: float) -> bytes:
        """The next bytes of its standard output.

        Raises:
            LineEndedError: it has ended.
            TimeoutError: the deadline (of time.monotonic) has passed.
        """
        while len(self._out) < size:
            self._receive(deadline)
        taken = bytes(self._out[:size])
        del self._out[:size]
        return taken

    def blocks(self, deadline: float) -> Iterator[bytes]:
        """Its standard output until it ends, block by block.

        Raises:
            TimeoutError: the deadline has passed.
        """
        while True:
            if self._out:
                yield bytes(self._out)
                self._out.clear()
            try:
                self._receive(deadline)
            except LineEndedError:
                return

    def close(self) -> None:
        """Close our end: the program's standard input ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # the client keeps the descriptor as long as its answer is open
        response = getattr(self._attached, "_response", None)
        if response is not None:
            response.close()
        self._attached.close()
        self._socket.close()

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the container did not answer in time")
        self._socket.settimeout(left)
        block = self._socket.recv(_BLOCK)
        if not block:
            raise LineEndedError
        self._raw += block
        self._part()

    def _part(self) -> None:
        while len(self._raw) >= _HEAD.size:
            kind, size = _HEAD.unpack_from(self._raw)
            if len(self._raw) < _HEAD.size + size:
                return
            content = self._raw[_HEAD.size : _HEAD.size + size]
            del self._raw[: _HEAD.size + size]
            if kind == _STDOUT:
                self._out += content
            else:
                self._words = (self._words + content)[-_KEPT_WORDS:]
