"""Searches for planted tokens in whatever a solver could see; both the canary test and its counter-test use it."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_DEPTH = 4
_ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


@dataclass(frozen=True)
class Sighting:
    """A token and the place where it was seen."""

    token: str
    place: str


def search(tokens: Iterable[str], places: Mapping[str, bytes]) -> list[Sighting]:
    """Every token in every place: in its name, its bytes, and what these decode or unpack to."""
    wanted = [t.encode() for t in tokens]
    found: list[Sighting] = []
    for place, content in places.items():
        # a list of paths looks like base64 throughout and is none
        depth = 0 if place == "names" else _DEPTH
        seen = {t for view in (place.encode(), *_views(content, depth)) for t in wanted if t in view}
        found += [Sighting(t.decode(), place) for t in sorted(seen)]
    return found


def _views(content: bytes, depth: int) -> Iterator[bytes]:
    yield content
    if depth == 0:
        return
    for inner in (*_unpacked(content), *_decoded(content)):
        yield from _views(inner, depth - 1)


def _unpacked(content: bytes) -> Iterator[bytes]:
    try:
        if content[:2] == b"\x1f\x8b":
            yield gzip.decompress(content)
        elif content[:4] == b"\x28\xb5\x2f\xfd":
            yield pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
        elif content[:4] == b"PACK":
            yield from _zlib_streams(content)
        elif content[:2] in _ZLIB_STARTS:
            yield zlib.decompressobj().decompress(content)
    except (OSError, EOFError, zlib.error):
        return


def _zlib_streams(content: bytes) -> Iterator[bytes]:
    for start in (m.start() for m in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content)):
        try:
            yield zlib.decompressobj().decompress(content[start:])
        except zlib.error:
            continue


def _decoded(content: bytes) -> Iterator[bytes]:
    if b"\\" in content:
        # JSON in JSON: one level of its escapes at a time
        yield re.sub(rb"\\u00([0-9a-f]{2})", lambda m: bytes.fromhex(m.group(1).decode()), content).replace(b"\\", b"")
    for match in _BASE64.finditer(content):
        text = match.group().rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        try:
            yield base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4))
        except binascii.Error:
            continue


def of_table(path: Path) -> dict[str, bytes]:
    """A Parquet table as places: the raw file, and each column of its rows."""
    places = {f"table {path.name}": path.read_bytes()}
    for name, values in pq.ParquetFile(path).read().to_pydict().items():
        places[f"table {path.name} column {name}"] = "\n".join(map(str, values)).encode("utf-8", "surrogatepass")
    return places


def of_objects(**roots: Any) -> dict[str, bytes]:
    """What objects hold, followed through attributes, containers, closures and bound arguments, as places."""
    places: dict[str, bytes] = {}
    seen: set[int] = set()
    waiting = [(f"object {name}", value) for name, value in roots.items()]
    while waiting:
        place, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, str | bytes):
            places[place] = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        waiting += [(f"{place}.{name}", inner) for name, inner in _inside(value)]
    return places


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"key{n}", k) for n, k in enumerate(value))
        yield from ((str(k), v) for k, v in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((str(n), v) for n, v in enumerate(value))
    elif not isinstance(value, type) and type(value).__name__ != "module":
        yield from getattr(value, "__dict__", {}).items()
        yield from ((str(n), c.cell_contents) for n, c in enumerate(getattr(value, "__closure__", None) or ()))
        for name in ("__self__", "__func__", "__wrapped__", "func", "args", "keywords"):
            inner = getattr(value, name, None)
            if inner is not None and type(inner).__name__ != "module":
                yield name, inner
