"""The line to the driver: a count, then length and bytes of each field; the same as in session.py."""

import os
import struct

CONTROL = 0
# where answers go: the same socket, or the second half of a pair of pipes
ANSWERS = 0


class SessionEndedError(Exception):
    """The driver is gone, or wants the session to be over."""


def read_exactly(size):
    parts = []
    while size:
        block = os.read(CONTROL, min(size, 1 << 20))
        if not block:
            raise SessionEndedError
        parts.append(block)
        size -= len(block)
    return b"".join(parts)


def receive():
    (count,) = struct.unpack("!I", read_exactly(4))
    lengths = struct.unpack(f"!{count}Q", read_exactly(8 * count))
    return [read_exactly(length) for length in lengths]


def send(*fields):
    head = struct.pack(f"!I{len(fields)}Q", len(fields), *map(len, fields))
    for data in (head, *fields):
        view = memoryview(data)
        while view:
            view = view[os.write(ANSWERS, view) :]


def listed(field):
    return field.decode("utf-8", "surrogateescape").split("\0") if field else []
