"""Digests what stands outside of the configuration at a place that it names: two contents are two settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bugladder.records import BugladderError, canonical_json, sha256_text

OUTSIDE_KEYS = frozenset({"file", "folder"})
"""Keys of conf/solver and conf/model whose value is a place outside; a folder is read as the YAML files in it."""


def with_contents(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node with the digest of what stands at each place that it names, instead of the place's name.

    Raises:
        BugladderError: a place cannot be read; names it.
    """
    return {key: content_digest(Path(value)) if key in OUTSIDE_KEYS else value for key, value in node.items()}


def content_digest(place: Path) -> str:
    """Hex sha256 of a file's bytes, or of the names and bytes of the YAML files in a folder; "absent" for neither.

    Raises:
        BugladderError: it cannot be read.
    """
    try:
        if place.is_dir():
            return sha256_text(canonical_json({p.name: _digest(p) for p in sorted(place.glob("*.yaml"))}))
        return _digest(place) if place.exists() else "absent"
    except OSError as error:
        raise BugladderError(f"{place}: cannot be read ({error.strerror}); make it readable") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
