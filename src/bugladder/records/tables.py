"""Writes and reads tables, checked against their schemas, so that a wrong one never reaches the next stage."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bugladder.records import BugladderError
from bugladder.records.columns import Table, to_arrow, unescaped
from bugladder.records.schemas import (
    ALL,
    ANSWERS,
    ATTEMPTS,
    CALLS,
    CANDIDATES,
    CONTROL_OUTCOMES,
    CONTROLS,
    INSTANCES,
    OUTCOMES,
    SCORES,
    TASKS,
    TRANSCRIPTS,
)

__all__ = [
    "ALL",
    "ANSWERS",
    "ATTEMPTS",
    "CALLS",
    "CANDIDATES",
    "CONTROLS",
    "CONTROL_OUTCOMES",
    "INSTANCES",
    "OUTCOMES",
    "SCORES",
    "TASKS",
    "TRANSCRIPTS",
    "read",
    "write",
]


def write(table: Table, rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Check rows against the table and write them in one step (temporary file, then rename).

    Raises:
        BugladderError: a missing, extra or ill-typed column, a null where none may be, or a duplicate key.
    """
    data = [dict(r) for r in rows]
    for row in data:
        _check_columns(table, set(row), path)
    arrow = to_arrow(table, data, path)
    _check_rows(table, arrow, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(arrow, temporary, compression="zstd")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BugladderError(f"{path}: cannot be written ({error.strerror or error}); nothing was changed") from error


def read(table: Table, path: Path) -> list[dict[str, Any]]:
    """Read a table's rows, checked.

    Raises:
        BugladderError: the file is absent, unreadable or breaks the schema.
    """
    try:
        # a partitioned reading would guess types from folder names; one file is all we want
        arrow = pq.ParquetFile(path).read()
    except FileNotFoundError as error:
        raise BugladderError(f"{path}: no such table; run the stage that writes {table.name}") from error
    except (OSError, pa.ArrowInvalid) as error:
        raise BugladderError(f"{path}: not a readable Parquet file; delete it and run its stage again") from error
    _check_columns(table, set(arrow.column_names), path)
    for field in table.schema:
        if arrow.schema.field(field.name).type != field.type:
            found = arrow.schema.field(field.name).type
            raise BugladderError(f"{path}: column {field.name!r} is {found}, should be {field.type}")
    arrow = arrow.select(list(table.columns))
    _check_rows(table, arrow, path)
    return [{name: unescaped(value) for name, value in row.items()} for row in arrow.to_pylist()]


def _check_columns(table: Table, found: set[str], path: Path) -> None:
    missing, extra = sorted(set(table.columns) - found), sorted(found - set(table.columns))
    if missing:
        raise BugladderError(f"{path}: column {missing[0]!r} is missing from table {table.name}")
    if extra:
        raise BugladderError(f"{path}: column {extra[0]!r} is not in the schema of table {table.name}")


def _check_rows(table: Table, arrow: pa.Table, path: Path) -> None:
    for field in table.schema:
        if not field.nullable and arrow.column(field.name).null_count:
            raise BugladderError(f"{path}: column {field.name!r} of table {table.name} holds a null; none is allowed")
    seen: set[tuple[Any, ...]] = set()
    for key in zip(*(arrow.column(k).to_pylist() for k in table.key), strict=True):
        if key in seen:
            raise BugladderError(f"{path}: duplicate key {'/'.join(map(str, key))} in table {table.name}")
        seen.add(key)
