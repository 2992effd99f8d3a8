"""Decides how a file of rows is read by its ending: parquet, json (a list) or jsonl."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bugladder.datasets.swe_bench.rows import SweBenchRow, checked_rows, content_digest
from bugladder.records import BugladderError


@dataclass(frozen=True)
class RowFile:
    """A file's rows in order, the sha256 of its bytes, and that of what the rows say (the same in every format)."""

    rows: tuple[SweBenchRow, ...]
    file_sha256: str
    content_sha256: str


def read_file(path: Path) -> RowFile:
    """Read and check a whole file; an unchanged file is read once per process.

    Raises:
        BugladderError: it cannot be read, has another ending, or a row is not what a row should be.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise BugladderError(
            f"{path}: cannot be read ({error.strerror}); name a parquet, json or jsonl file"
        ) from error
    return _read(path, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=4)
def _read(path: Path, stamp: tuple[int, int]) -> RowFile:
    del stamp  # part of the key, so that an edited file is read anew
    readers = {".parquet": _parquet, ".json": _json, ".jsonl": _jsonl}
    if path.suffix not in readers:
        raise BugladderError(f"{path}: ending {path.suffix!r} is unknown; known: {', '.join(readers)}")
    content = path.read_bytes()
    try:
        raw = readers[path.suffix](content)
    except (pa.ArrowException, ValueError) as error:
        raise BugladderError(f"{path}: not readable as {path.suffix[1:]} ({' '.join(str(error).split())})") from error
    rows = checked_rows(raw, str(path))
    return RowFile(rows, hashlib.sha256(content).hexdigest(), content_digest(rows))


def _parquet(content: bytes) -> list[Any]:
    rows: list[Any] = pq.read_table(pa.BufferReader(content)).to_pylist()
    return rows


def _json(content: bytes) -> list[Any]:
    found = json.loads(content)
    if not isinstance(found, list):
        raise ValueError("it should hold a list of rows")  # noqa: TRY004 - told like a syntax error, by the caller
    return found


def _jsonl(content: bytes) -> list[Any]:
    # not splitlines: a row's text may hold other separators
    return [json.loads(line) for line in content.decode("utf-8").split("\n") if line.strip()]
