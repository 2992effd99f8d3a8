"""The catalog's files under data/pypi: how entries and suites are read, checked and written."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from bugladder.datasets.entries import Catalog, Entry, InjectedEntry, ReleaseEntry, Suite
from bugladder.records import BugladderError, to_plain

_E = TypeVar("_E", bound=Entry)


def read_catalog(folder: Path) -> Catalog:
    """Read release.json and injected.json, checked; a file that is absent holds no entries.

    Raises:
        BugladderError: unreadable JSON, a missing, extra or ill-typed key, or a duplicate id.
    """
    catalog = Catalog(
        tuple(_read_entries(folder / "release.json", ReleaseEntry)),
        tuple(_read_entries(folder / "injected.json", InjectedEntry)),
    )
    counts = Counter(e.id for e in (*catalog.release, *catalog.injected))
    for entry_id, times in counts.items():
        if times > 1:
            raise BugladderError(f"{folder}: id {entry_id!r} stands {times} times in the catalog; once is right")
    return catalog


def read_suite(folder: Path, name: str) -> Suite:
    """Read suites/<name>.json.

    Raises:
        BugladderError: the file is absent, or a key is missing, extra or ill-typed.
    """
    path = folder / "suites" / f"{name}.json"
    raw = _read_json(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("test_ids"), dict):
        raise BugladderError(f"{path}: key 'test_ids' should map test files to ids")
    ids = [f"{file}::{rest}" for file, rests in raw["test_ids"].items() for rest in rests]
    return _checked({**raw, "test_ids": ids}, Suite, f"{path}")


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write entries sorted by id, one compact line each, in one step."""
    lines = [_compact(to_plain(e)) for e in sorted(entries, key=lambda e: e.id)]
    _write(path, "[\n" + ",\n".join(lines) + "\n]\n")


def write_suite(folder: Path, suite: Suite) -> None:
    """Write suites/<name>.json: a line of facts, then a line per test file."""
    by_file: dict[str, list[str]] = {}
    for test_id in sorted(suite.test_ids):
        file, _, rest = test_id.partition("::")
        by_file.setdefault(file, []).append(rest)
    facts = [f"{_compact(k)}:{_compact(v)}" for k, v in to_plain(suite).items() if k != "test_ids"]
    files = [f"{_compact(f)}:{_compact(ids)}" for f, ids in by_file.items()]
    body = ",\n".join(facts) + ',\n"test_ids":{\n' + ",\n".join(files) + "\n}"
    _write(folder / "suites" / f"{suite.name}.json", "{\n" + body + "\n}\n")


def merged(old: Sequence[_E], new: Iterable[_E]) -> list[_E]:
    """The old entries with the new ones laid over them by id, sorted by id."""
    by_id = {e.id: e for e in (*old, *new)}
    return [by_id[i] for i in sorted(by_id)]


def _read_entries(path: Path, kind: type[_E]) -> list[_E]:
    if not path.exists():
        return []
    raw = _read_json(path)
    if not isinstance(raw, list):
        raise BugladderError(f"{path}: should be a list of entries")
    return [_checked(item, kind, f"{path}, entry {_name(item, i)}") for i, item in enumerate(raw)]


def _name(item: Any, index: int) -> str:
    return str(item["id"]) if isinstance(item, Mapping) and "id" in item else f"number {index + 1}"


_C = TypeVar("_C", bound=Suite | Entry)


def _checked(raw: Any, kind: type[_C], where: str) -> _C:
    try:
        # through JSON, so that lists may become tuples while every other conversion is refused
        return TypeAdapter(kind).validate_json(json.dumps(raw))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(p) for p in first["loc"]) or "entry"
        raise BugladderError(f"{where}: key {key!r}: {first['msg']}") from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BugladderError(f"{path}: no such file; the catalog names it") from error
    except (OSError, ValueError) as error:
        raise BugladderError(f"{path}: not readable as JSON ({error})") from error


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
