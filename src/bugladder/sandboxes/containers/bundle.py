"""Decides in which form the holder's programs reach a container: one block over standard input, no file, no mount."""

from __future__ import annotations

import marshal
import struct
import sys
from functools import lru_cache
from pathlib import Path

from bugladder.records import canonical_json, sha256_text

_PROGRAMS = Path(__file__).parents[1] / "programs"
# In the order in which they import each other.
_MODULES = (
    "holder/kernel", "holder/wire", "holder/census", "holder/pump", "holder/commands", "holder/tree",
    "container/container",
)  # fmt: skip

# Read exactly the block and no byte of the first request.
_START = """
import marshal, os, sys
def take(size):
    block = b""
    while len(block) < size:
        more = os.read(0, size - len(block))
        if not more:
            os._exit(0)
        block += more
    return block
for name, code in marshal.loads(take(int.from_bytes(take(8), "big"))):
    module = type(os)(name)
    sys.modules[name] = module
    exec(code, module.__dict__)
module.main()
"""


def start_command(interpreter: str) -> tuple[str, ...]:
    """The command that reads a bundle and becomes the holder; any Python from 3.9 on."""
    return (interpreter, "-I", "-S", "-E", "-c", _START)


@lru_cache(maxsize=2)
def bundle(*, is_ours: bool) -> bytes:
    """The programs as one block: compiled where the interpreter inside is our own, as text for any other."""
    parts = []
    for name, text in _texts().items():
        stem = name.rpartition("/")[2]
        parts.append((stem, compile(text, f"{stem}.py", "exec", dont_inherit=True) if is_ours else text))
    # other Pythons read the oldest format
    block = marshal.dumps(parts, marshal.version if is_ours else 2)
    return struct.pack(">Q", len(block)) + block


@lru_cache(maxsize=1)
def programs_digest() -> str:
    """Digest of all that a container is given to run by us."""
    return sha256_text(canonical_json([_START, _texts(), sys.version]))


def _texts() -> dict[str, str]:
    return {name: (_PROGRAMS / f"{name}.py").read_text(encoding="utf-8") for name in _MODULES}
