"""What the index says of one release."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReleasedSdist:
    """One final release's sdist as the index lists it; uploaded is ISO 8601 in UTC, "" where the index does not say."""

    version: str
    filename: str
    sha256: str
    uploaded: str
