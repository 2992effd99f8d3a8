"""Decides what of an sdist's archive is taken: regular files below one top folder, nothing that leaves it."""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bugladder.records import BugladderError

MAX_BYTES = 512 * 1024 * 1024
MAX_MEMBERS = 50_000
_LINK_HOPS = 8


@dataclass(frozen=True)
class Member:
    """A regular file of an sdist."""

    content: bytes
    is_executable: bool


@dataclass(frozen=True)
class _Raw:
    path: str
    content: bytes = b""
    is_executable: bool = False
    link: str | None = None
    """Path of the file that a link stands for, below the same top folder."""


def unpack_sdist(path: Path, what: str) -> dict[str, bytes]:
    """Content of every regular file of an sdist by POSIX path, the top folder stripped; no link is kept as a link.

    Args:
        path: the archive (.tar.gz, .tar.bz2, .tar.xz, .zip).
        what: the id that errors name.

    Raises:
        BugladderError: it is no readable archive, it is too big, or a member is a device, leaves the top folder or
            is a link to something outside of it.
    """
    return {name: member.content for name, member in read_sdist(path, what).items()}


def read_sdist(path: Path, what: str) -> dict[str, Member]:
    """As `unpack_sdist`, with the executable bit. A link inside the archive becomes a copy of what it names.

    A link that stays inside and names nothing (some sdists ship one to a file they leave out) is left out.
    """
    files: dict[str, Member] = {}
    links: dict[str, str] = {}
    try:
        for raw in _raw_members(path, what):
            inner = _strip_top(raw.path)
            if not inner:
                continue
            if raw.link is None:
                files[inner] = Member(raw.content, raw.is_executable)
                links.pop(inner, None)
            else:
                links[inner] = _strip_top(raw.link)
                files.pop(inner, None)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error, NotImplementedError) as error:
        raise BugladderError(f"{what}: {path.name} cannot be read as an archive: {error}") from error
    return dict(sorted({**files, **follow_links(links, files)}.items()))


def _raw_members(path: Path, what: str) -> Iterator[_Raw]:
    members = _zip_members(path, what) if path.name.endswith(".zip") else _tar_members(path, what)
    size = 0
    for number, raw in enumerate(members, start=1):
        size += len(raw.content)
        if number > MAX_MEMBERS or size > MAX_BYTES:
            raise BugladderError(f"{what}: {path.name} holds over {MAX_MEMBERS} members or {MAX_BYTES} bytes")
        yield raw


def _tar_members(path: Path, what: str) -> Iterator[_Raw]:
    with tarfile.open(path) as archive:
        for info in archive:
            name = _checked(info.name, what)
            if info.isdir():
                continue
            if info.issym():
                # relative to the link's own folder, as the file system would read it
                yield _Raw(name, link=_joined(name, info.linkname, what))
            elif info.islnk():
                yield _Raw(name, link=_checked(info.linkname, what))
            elif info.isreg():
                _refuse_bomb(info.size, name, what)
                stream = archive.extractfile(info)
                yield _Raw(name, stream.read() if stream else b"", bool(info.mode & stat.S_IXUSR))
            else:
                raise BugladderError(f"{what}: member {name!r} is a device or pipe; an sdist holds regular files only")


def _zip_members(path: Path, what: str) -> Iterator[_Raw]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = _checked(info.filename, what)
            mode = info.external_attr >> 16
            if info.is_dir():
                continue
            _refuse_bomb(info.file_size, name, what)
            if stat.S_ISLNK(mode):
                yield _Raw(name, link=_joined(name, archive.read(info).decode("utf-8", "replace"), what))
            elif stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
                raise BugladderError(f"{what}: member {name!r} is a device or pipe; an sdist holds regular files only")
            else:
                yield _Raw(name, archive.read(info), bool(mode & stat.S_IXUSR))


def _refuse_bomb(size: int, name: str, what: str) -> None:
    if size > MAX_BYTES:
        raise BugladderError(f"{what}: member {name!r} says it holds {size} bytes, over the {MAX_BYTES} allowed")


def _checked(name: str, what: str) -> str:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\0" in name or "\\" in name:
        raise BugladderError(f"{what}: member {name!r} leaves the archive; only paths below its top folder are taken")
    return str(pure)


def _joined(name: str, target: str, what: str) -> str:
    found = link_target(name, target)
    if found is None or found.split("/")[0] != PurePosixPath(name).parts[0]:
        raise BugladderError(f"{what}: member {name!r} is a link to {target!r}, which leaves the archive")
    return found


def _strip_top(name: str) -> str:
    return "/".join(PurePosixPath(name).parts[1:])


def link_target(name: str, target: str) -> str | None:
    """The path that a link in a tree stands for, relative to the tree's root; None where it leads out."""
    parts: list[str] = []
    for part in (*PurePosixPath(name).parent.parts, *PurePosixPath(target).parts):
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return None if PurePosixPath(target).is_absolute() or ".." in parts or not parts else "/".join(parts)


def follow_links(links: dict[str, str], files: dict[str, Member]) -> dict[str, Member]:
    """Copies of the files, and of whole folders of them, that links name; a link to nothing is left out."""
    found: dict[str, Member] = {}
    for name, first in links.items():
        target = first
        for _ in range(_LINK_HOPS):
            target = links.get(target, target)
        if target in files:
            found[name] = files[target]
        inside = {path: member for path, member in files.items() if path.startswith(f"{target}/")}
        found.update({f"{name}{path.removeprefix(target)}": member for path, member in inside.items()})
    return found
