"""How lines of JSON are sealed: each seal covers its line and the seal before it, so that none can be added or lost.

The tests' process sends such lines under one key, and the report holds them under another. Standard library, and of
that what is written in C: nothing here can be exchanged by tested code that comes later.
"""

import os
from _blake2 import blake2b
from _json import encode_basestring_ascii

SEAL_BYTES = 16


def encoded(value, _quoted=encode_basestring_ascii):
    """JSON of what records are made of: dicts, lists, text, numbers, truth."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is dict:
        return "{" + ", ".join([_quoted(key) + ": " + encoded(item) for key, item in value.items()]) + "}"
    if kind is list or kind is tuple:
        return "[" + ", ".join([encoded(item) for item in value]) + "]"
    if kind is bool or value is None:
        return {True: "true", False: "false"}.get(value, "null")
    if kind is int or (kind is float and value - value == 0):
        return repr(value)
    return _quoted(str(value))


class Seal:
    """The seal of one line after the other."""

    def __init__(self, key):
        self.key, self.last = key, b""

    def line(self, text, _mac=blake2b):
        """A text with its seal, as a line."""
        self.last = _mac(self.last + text, key=self.key, digest_size=SEAL_BYTES).digest()
        return self.last.hex().encode("ascii") + b" " + text + b"\n"


def sender(fd, key):
    """What the tests' process writes records with."""
    seal, getpid, write, encode = Seal(key), os.getpid, os.write, encoded
    owner = os.getpid()

    def send(record):
        # a test may fork, and its child is not the one that reports
        if getpid() != owner:
            return
        data = seal.line(encode(record).encode("ascii"))
        while data:
            data = data[write(fd, data) :]

    return send
