"""Decides what a row of either SWE-bench schema must hold; whatever it lacks is an error with the instance's id."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bugladder.records import BugladderError, canonical_json, sha256_text, to_plain
from bugladder.sources.official import exports, parser_named

_TEXTS = ("repo", "base_commit", "patch", "test_patch", "problem_statement", "version")
_NEEDED = ("instance_id", *_TEXTS, "created_at", "FAIL_TO_PASS", "PASS_TO_PASS")
# Ids become labels of processes, folders and image names.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPO = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class SweBenchRow:
    """One instance as the file has it, hints aside: they are from after the issue and never shown.

    Args:
        fail_to_pass: listed ids, verbatim, as its official log parser spells them.
        pass_to_pass: likewise.
        image: the image that the newer schema names; None in the classic one.
        parser: the log parser that the newer schema names; None in the classic one.
        env: variables that the newer schema's test script exports. The script itself holds the test patch and is
            dropped here, so that no environment can show it.
    """

    instance_id: str
    repo: str
    base_commit: str
    patch: str
    test_patch: str
    problem_statement: str
    created_at: str
    version: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    image: str | None = None
    parser: str | None = None
    env: tuple[tuple[str, str], ...] = ()


def checked_rows(raw: Sequence[Any], where: str) -> tuple[SweBenchRow, ...]:
    """Rows in the file's order.

    Args:
        raw: decoded rows, one mapping each.
        where: the file that errors name.

    Raises:
        BugladderError: no rows, a missing or ill-typed column, an unparsable list of tests, or an id that stands twice.
    """
    if not raw:
        raise BugladderError(f"{where}: no rows; a SWE-bench file has one per instance")
    rows = tuple(_row(item, where, number) for number, item in enumerate(raw, start=1))
    for instance_id, times in Counter(r.instance_id for r in rows).items():
        if times > 1:
            raise BugladderError(f"{where}: {instance_id}: duplicate id, it stands {times} times; once is right")
    return rows


def content_digest(rows: Sequence[SweBenchRow]) -> str:
    """sha256 of what the rows say, whatever the file's format, compression and order."""
    return sha256_text(canonical_json(sorted(canonical_json(to_plain(r)) for r in rows)))


def _row(item: Any, where: str, number: int) -> SweBenchRow:
    if not isinstance(item, Mapping):
        raise BugladderError(f"{where}: row {number} should be a mapping of columns")
    name = item.get("instance_id")
    place = f"{where}: {name if isinstance(name, str) and name else f'row {number}'}"
    for column in _NEEDED:
        if item.get(column) is None:
            raise BugladderError(f"{place}: column {column!r} is missing; needed: {', '.join(_NEEDED)}")
    texts = {column: _text(item, column, place) for column in ("instance_id", *_TEXTS)}
    _check_shape(texts, item, place)
    return SweBenchRow(
        **texts,
        created_at=_moment(item["created_at"], place),
        fail_to_pass=_ids(item, "FAIL_TO_PASS", place),
        pass_to_pass=_ids(item, "PASS_TO_PASS", place),
        image=item.get("image") or None,
        parser=_parser(item, place),
        env=exports(item.get("eval_script") or ""),
    )


def _check_shape(texts: Mapping[str, str], item: Mapping[str, Any], place: str) -> None:
    if not _ID.fullmatch(texts["instance_id"]):
        raise BugladderError(f"{place}: instance_id should be made of letters, digits, '.', '_' and '-'")
    if not _REPO.fullmatch(texts["repo"]):
        raise BugladderError(f"{place}: repo should be owner/name, got {texts['repo']!r}")
    if not _COMMIT.fullmatch(texts["base_commit"]):
        raise BugladderError(f"{place}: base_commit should be a full commit hash, got {texts['base_commit']!r}")
    if (item.get("eval_type") or "pass_and_fail") != "pass_and_fail":
        raise BugladderError(f"{place}: eval_type {item['eval_type']!r} cannot be graded here; known: pass_and_fail")


def _text(item: Mapping[str, Any], column: str, place: str) -> str:
    value = item[column]
    if not isinstance(value, str):
        raise BugladderError(f"{place}: column {column!r} should be text, got {str(value)[:80]!r}")
    return value


def _moment(value: Any, place: str) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        raise BugladderError(f"{place}: column 'created_at' should be an ISO 8601 time, got {str(value)[:80]!r}")
    return value


def _ids(item: Mapping[str, Any], column: str, place: str) -> tuple[str, ...]:
    """The classic schema holds a JSON list as text, the newer one either that or a list."""
    value = item[column]
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise BugladderError(f"{place}: {column} is no JSON list of test ids ({error}): {value[:80]!r}") from error
    if not isinstance(found, list) or not all(isinstance(i, str) for i in found):
        raise BugladderError(f"{place}: {column} should be a list of test ids, got {str(found)[:80]!r}")
    if column == "FAIL_TO_PASS" and not found:
        raise BugladderError(f"{place}: FAIL_TO_PASS is empty; an instance has at least one test that the fix turns")
    return tuple(found)


def _parser(item: Mapping[str, Any], place: str) -> str | None:
    name = item.get("log_parser") or None
    try:
        return parser_named(name) if name else None
    except BugladderError as error:
        raise BugladderError(f"{place}: {error}") from error
