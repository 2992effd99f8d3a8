"""Records as canonical JSON, digests, and whole files as JSON values and back."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

Files = dict[str, bytes | None]
"""Whole files by POSIX path relative to the repository root; None deletes the file."""


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_text(text: str) -> str:
    """Hex sha256 of the UTF-8 text (lone surrogates kept)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def encode_files(files: Files) -> dict[str, dict[str, str] | None]:
    """Whole files as JSON values: {"text": ...}, {"base64": ...} or None for a deletion."""
    return {path: _encode(content) for path, content in sorted(files.items())}


def decode_files(raw: dict[str, dict[str, str] | None]) -> Files:
    """Inverse of `encode_files`."""
    return {path: _decode(value) for path, value in raw.items()}


def _encode(content: bytes | None) -> dict[str, str] | None:
    if content is None:
        return None
    try:
        return {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _decode(value: dict[str, str] | None) -> bytes | None:
    if value is None:
        return None
    return value["text"].encode("utf-8") if "text" in value else base64.b64decode(value["base64"])


def to_plain(value: Any) -> Any:
    """A record as JSON-ready values, field by field; Files are encoded by the caller."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {k: to_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    return value


def to_tuples(value: Any) -> Any:
    """JSON values with tuples for lists, as the fields of frozen records hold them."""
    return tuple(to_tuples(v) for v in value) if isinstance(value, list) else value
