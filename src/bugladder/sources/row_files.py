"""Decides how a file of rows is read by its ending: parquet, json or jsonl; what a row must hold is for its reader."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bugladder.records import BugladderError


@dataclass(frozen=True)
class RawRows:
    """A file's rows in order, not yet looked at, and the sha256 of its bytes."""

    rows: tuple[Any, ...]
    sha256: str


def read_rows(path: Path, key: str | None = None) -> RawRows:
    """Read a whole file.

    Args:
        path: ends in .parquet, .json (a list) or .jsonl (a row a line; blank lines are passed over).
        key: where given, a json file may also map this column's values to rows, which then need not hold it.

    Raises:
        BugladderError: it cannot be read, has another ending, or is not what its ending says.
    """
    readers = {".parquet": _parquet, ".json": _json, ".jsonl": _jsonl}
    if path.suffix not in readers:
        raise BugladderError(f"{path}: ending {path.suffix!r} is unknown; known: {', '.join(readers)}")
    content = _content(path)
    try:
        rows = readers[path.suffix](content, key)
    except (pa.ArrowException, ValueError) as error:
        raise BugladderError(f"{path}: not readable as {path.suffix[1:]} ({' '.join(str(error).split())})") from error
    return RawRows(tuple(rows), hashlib.sha256(content).hexdigest())


def file_stamp(path: Path) -> tuple[int, int]:
    """When a file was written last, in ns, and its size: with its path, what a reading may be remembered by.

    Raises:
        BugladderError: there is no such file.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return stat.st_mtime_ns, stat.st_size


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> BugladderError:
    return BugladderError(f"{path}: cannot be read ({error.strerror}); name a parquet, json or jsonl file")


def _parquet(content: bytes, _key: str | None) -> list[Any]:
    rows: list[Any] = pq.read_table(pa.BufferReader(content)).to_pylist()
    return rows


def _json(content: bytes, key: str | None) -> list[Any]:
    found = json.loads(content)
    if isinstance(found, dict) and key is not None:
        return [{key: name, **row} if isinstance(row, dict) else row for name, row in found.items()]
    if not isinstance(found, list):
        raise ValueError("it should hold a list of rows")  # noqa: TRY004 - told like a syntax error, by the caller
    return found


def _jsonl(content: bytes, _key: str | None) -> list[Any]:
    # not splitlines: a row's text may hold other separators; a mark of byte order is no part of the first row
    return [json.loads(line) for line in content.decode("utf-8-sig").split("\n") if line.strip()]
