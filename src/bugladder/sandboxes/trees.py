"""Decides in which form a tree reaches a session: one packed file per sdist, unpacked once and kept in the cache."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bugladder.records import BugladderError, Files, SdistSource
from bugladder.sources import Member, fetch_sdist, read_sdist

# Path length, kind (0 file, 1 executable, 2 deleted), content size; then path and content. holder.py reads it.
_HEAD = struct.Struct("!IBQ")
_FILE, _EXECUTABLE, _DELETED = 0, 1, 2
_VERSION = 1


def packed_tree(source: SdistSource, cache: Path) -> tuple[Path, bytes]:
    """The packed tree of an sdist and its PKG-INFO.

    Args:
        source: the pinned sdist.
        cache: the project's cache folder; sdists are kept below cache/sdists.

    Returns:
        Path of the packed tree, beside the sdist, and the bytes of its PKG-INFO (a minimal one where it has none).

    Raises:
        BugladderError, InfrastructureError: as `bugladder.sources.fetch_sdist` and `read_sdist`.
    """
    archive = fetch_sdist(source, cache / "sdists")
    tree, info = archive.parent / f"tree-{_VERSION}.pack", archive.parent / "PKG-INFO"
    if not (tree.is_file() and info.is_file()):
        members = read_sdist(archive, f"{source.name}-{source.version}")
        write_whole(info, _metadata(source, members))
        write_whole(tree, pack_members(members))
    return tree, info.read_bytes()


def pack_overlay(files: Files, what: str) -> bytes:
    """Pack whole files (None deletes).

    Raises:
        BugladderError: a path is absolute, empty or leaves the root.
    """
    return b"".join(
        _entry(_inner(path, what), _DELETED if content is None else _FILE, content or b"")
        for path, content in sorted(files.items())
    )


def pack_members(members: dict[str, Member]) -> bytes:
    """Pack regular files with their executable bit."""
    entries: Iterable[bytes] = (
        _entry(path, _EXECUTABLE if member.is_executable else _FILE, member.content) for path, member in members.items()
    )
    return b"".join(entries)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole, whoever else writes the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _entry(path: str, kind: int, content: bytes) -> bytes:
    name = path.encode("utf-8", "surrogateescape")
    return _HEAD.pack(len(name), kind, len(content)) + name + content


def _inner(path: str, what: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\0" in path:
        raise BugladderError(f"{what}: overlay path {path!r} must be relative and stay inside the repository")
    return str(pure)


def _metadata(source: SdistSource, members: dict[str, Member]) -> bytes:
    if "PKG-INFO" in members:
        return members["PKG-INFO"].content
    return f"Metadata-Version: 2.1\nName: {source.name}\nVersion: {source.version}\n".encode()
