"""One schema per Parquet table, checked on every read and write, so that a wrong table never reaches the next stage."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bugladder.records import BugladderError
from bugladder.records.columns import Table, to_arrow, unescaped

INSTANCES = Table(
    "instances",
    ("instance_id",),
    {
        "instance_id": "str",
        "dataset": "str",
        "origin": "str",
        "repo": "str",
        "version": "str",
        "created_at": "str",
        "difficulty": "str",
        "apparent_difficulty": "str",
        "operator": "str?",
        "problem_statement": "str",
        "issue_from_tests": "bool",
        "reference_patch": "str",
        "test_patch": "str",
        "fail_to_pass": "list",
        "pass_to_pass": "list",
        "environment": "str",
    },
)
TASKS = Table(
    "tasks",
    ("instance_id",),
    {
        "instance_id": "str",
        "dataset": "str",
        "origin": "str",
        "repo": "str",
        "problem_statement": "str",
        "environment": "str",
        "public_fail_to_pass": "list",
        "public_pass_to_pass": "list",
        "public_test_files": "str",
        "apparent_difficulty": "str",
        "protocol": "str",
    },
)
ANSWERS = Table(
    "answers",
    ("instance_id",),
    {
        "instance_id": "str",
        "reference_patch": "str",
        "test_patch": "str",
        "fail_to_pass": "list",
        "pass_to_pass": "list",
        "hidden_fail_to_pass": "list",
        "hidden_pass_to_pass": "list",
        "difficulty": "str",
        "units": "str",
    },
)
_OUTCOME_COLUMNS = {
    "instance_id": "str",
    "arm": "str",
    "test_id": "str",
    "outcome": "str",
    "kind": "str",
    "side": "str",
    "unit": "str",
    "seconds": "float",
}
CONTROL_OUTCOMES = Table("control_outcomes", ("instance_id", "arm", "test_id"), _OUTCOME_COLUMNS)
CONTROLS = Table(
    "controls",
    ("instance_id", "control", "repeat"),
    {
        "instance_id": "str",
        "control": "str",
        "repeat": "int",
        "valid": "bool?",
        "verdict": "str",
        "reason": "str",
        "left": "str",
        "protocol": "str",
        "protocol_reason": "str",
        "passed": "int",
        "failed": "int",
        "seconds": "float",
        "cpu_seconds": "float",
        "environment_digest": "str",
        "enforcement": "str",
        "reused": "bool",
    },
)
ATTEMPTS = Table(
    "attempts",
    ("instance_id", "iteration"),
    {
        "instance_id": "str",
        "iteration": "int",
        "step": "str",
        "patch_sha256": "str?",
        "public_fail_to_pass_passed": "int?",
        "public_pass_to_pass_passed": "int?",
        "tokens_in": "int",
        "tokens_out": "int",
        "seconds": "float",
        "stop_reason": "str",
        "gates": "str",
        "detail": "str",
    },
)
CANDIDATES = Table(
    "candidates",
    ("instance_id",),
    {
        "instance_id": "str",
        "patch": "str?",
        "test_files": "str",
        "iterations": "int?",
        "max_iterations": "int?",
        "status": "str",
        "reason": "str",
        "infrastructure_class": "str?",
        "seconds": "float?",
        "enforcement": "str",
        "reused": "bool",
    },
)
CALLS = Table(
    "calls",
    ("call_id",),
    {
        "call_id": "str",
        "instance_id": "str",
        "iteration": "int",
        "step": "str",
        "model_asked": "str",
        "model_answered": "str",
        "tokens_in": "int",
        "tokens_cached": "int",
        "tokens_out": "int",
        "tokens_reasoning": "int",
        "latency_s": "float",
        "was_cached": "bool",
        "retries": "int",
        "finish_reason": "str",
    },
)
OUTCOMES = Table("outcomes", ("instance_id", "arm", "test_id"), _OUTCOME_COLUMNS)
SCORES = Table(
    "scores",
    ("instance_id", "arm"),
    {
        "instance_id": "str",
        "arm": "str",
        "verdict": "str",
        "resolved": "bool?",
        "brs": "float?",
        "own_valid_share": "float?",
        "public_rate": "float?",
        "hfs": "float?",
        "tss": "float?",
        "overfit_gap": "float?",
        "overall": "float?",
        "success": "bool?",
        "iterations": "int?",
        "public_units": "int",
        "hidden_units": "int",
        "dropped_paths": "list",
        "reason": "str",
        "infrastructure_class": "str?",
        "seconds": "float?",
        "reused": "bool",
    },
)
ALL = {
    t.name: t
    for t in (INSTANCES, TASKS, ANSWERS, CONTROLS, CONTROL_OUTCOMES, ATTEMPTS, CANDIDATES, CALLS, OUTCOMES, SCORES)
}


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
