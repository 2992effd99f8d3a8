"""Decides where a pinned sdist stands in the cache; what is there is served without the index or its client."""

from __future__ import annotations

import re
from pathlib import Path

from bugladder.records import BugladderError, InfrastructureError, SdistSource
from bugladder.sources.releases import ReleasedSdist

_SHA256 = re.compile(r"[0-9a-f]{64}")
# The client is imported where it is used: it takes over half a second, and a warm cache needs none of it.


def list_sdists(package: str) -> list[ReleasedSdist]:
    """The sdists of a package's final releases, oldest version first; no pre-releases, no yanked ones.

    Raises:
        BugladderError: the index knows no such package.
        InfrastructureError: the index cannot be reached.
    """
    from bugladder.sources import client

    return client.list_sdists(package)


def fetch_sdist(source: SdistSource, cache: Path) -> Path:
    """The pinned sdist as a local file at cache/<sha256>/<filename>, downloaded where it is not there yet.

    Several processes may ask for the same file at once: it appears by a rename, whole and checked.

    Raises:
        BugladderError: the index has no such file, or its sha256 is another one.
        InfrastructureError: the index cannot be reached, or the cache cannot be written.
    """
    what = f"{source.name}-{source.version}"
    if Path(source.filename).name != source.filename:
        raise BugladderError(f"{what}: filename {source.filename!r} must be a plain name without folders")
    if not _SHA256.fullmatch(source.sha256):
        raise BugladderError(f"{what}: sha256 {source.sha256!r} must be 64 lower-case hexadecimal digits")
    target = cache / source.sha256 / source.filename
    if target.is_file():
        return target
    from bugladder.sources import client

    try:
        client.download(source, target)
    except OSError as error:
        raise InfrastructureError(f"{what}: cache {cache} cannot be written: {error.strerror}") from error
    return target
