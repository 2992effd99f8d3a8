"""How the tests' process sends records to the one that seals them: length, seal of the channel, marshalled record.

Standard library only, and of that what is written in C: nothing here can be exchanged by tested code that comes later.
"""

import os
from _blake2 import blake2b
from marshal import dumps, loads

MAX_RECORD_BYTES = 1 << 24
HEAD_BYTES, MAC_BYTES = 8, 16


def sender(fd, key):
    """What the tests' process writes records with; it holds on to what it needs, whatever becomes of the modules."""
    getpid, write, length, pack, seal = os.getpid, os.write, len, dumps, blake2b
    owner, count = os.getpid(), 0

    def send(record):
        nonlocal count
        # a test may fork, and its child is not the one that reports
        if getpid() != owner:
            return
        body = pack(record)
        head = length(body).to_bytes(HEAD_BYTES, "big")
        mac = seal(count.to_bytes(HEAD_BYTES, "big") + body, key=key, digest_size=MAC_BYTES).digest()
        count += 1
        data = head + mac + body
        while data:
            data = data[write(fd, data) :]

    return send


class Records:
    """Takes apart what the tests' process sent. Raises ValueError where it was somebody else who sent it."""

    def __init__(self, key):
        self.key, self.count, self.held = key, 0, b""

    def take(self, block):
        self.held += block
        found = []
        while len(self.held) >= HEAD_BYTES + MAC_BYTES:
            size = int.from_bytes(self.held[:HEAD_BYTES], "big")
            end = HEAD_BYTES + MAC_BYTES + size
            if size > MAX_RECORD_BYTES:
                raise ValueError("a record without an end was sent for ours")
            if len(self.held) < end:
                break
            mac, body = self.held[HEAD_BYTES : HEAD_BYTES + MAC_BYTES], self.held[HEAD_BYTES + MAC_BYTES : end]
            text = self.count.to_bytes(HEAD_BYTES, "big") + body
            if blake2b(text, key=self.key, digest_size=MAC_BYTES).digest() != mac:
                raise ValueError("a record was sent that is not ours")
            self.held, self.count = self.held[end:], self.count + 1
            found.append(loads(body))
        return found
