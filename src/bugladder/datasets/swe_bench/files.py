"""Decides that a file of the schema is read whole, checked, and read once while it does not change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bugladder.datasets.swe_bench.rows import SweBenchRow, checked_rows, content_digest
from bugladder.sources.row_files import file_stamp, read_rows


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
    return _read(path, file_stamp(path))


@lru_cache(maxsize=4)
def _read(path: Path, stamp: tuple[int, int]) -> RowFile:
    del stamp  # part of the key, so that an edited file is read anew
    found = read_rows(path)
    rows = checked_rows(list(found.rows), str(path))
    return RowFile(rows, found.sha256, content_digest(rows))
