"""Decides whether a test report is the one that our own process wrote: each line is sealed with a key of the driver."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_KEY_BYTES = 32
_SEAL_BYTES = 16


def new_key() -> bytes:
    """The key of one test run; it goes to the run's standard input and nowhere else."""
    return secrets.token_bytes(_KEY_BYTES)


def unseal(report: bytes, key: bytes) -> bytes:
    """The lines of a sealed report without their seals.

    Each seal covers its line and the seal before it, so that no line can be changed, added, left out or moved. What
    follows the last line break is a line that a kill cut off.

    Returns:
        b"" where any seal is wrong: somebody else wrote there.
    """
    seal, lines = b"", []
    for line in report.split(b"\n")[:-1]:
        found, _, text = line.partition(b" ")
        seal = hashlib.blake2b(seal + text, key=key, digest_size=_SEAL_BYTES).digest()
        if not hmac.compare_digest(found, seal.hex().encode()):
            return b""
        lines.append(text + b"\n")
    return b"".join(lines)
