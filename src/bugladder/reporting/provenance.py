"""Decides how a report names the rows that its instances were chosen from: place, revision, number, hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def dataset_line(identity: Mapping[str, Any]) -> tuple[str, ...]:
    """One sentence on the dataset, or none where an earlier version recorded nothing.

    Args:
        identity: as the dataset says of itself: name, origin, place, rows, content_sha256, and where there are any
            revision and file_sha256.
    """
    if not identity:
        return ()
    revision = f" at revision {identity['revision']}" if identity.get("revision") else ""
    whole = identity.get("file_sha256")
    digest = f"file sha256 {whole}" if whole else f"content sha256 {identity['content_sha256']}"
    where = f"{identity['place']}{revision}, {identity['rows']} instances"
    return (f"Dataset {identity['name']} ({identity['origin']}): {where}, {digest}.",)
