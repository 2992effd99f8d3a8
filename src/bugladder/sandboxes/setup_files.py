"""Decides what each set-up step that needs no installation makes of a checkout's files."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath

from bugladder.records import BugladderError, SdistSource, canonical_json, sha256_text
from bugladder.records.setup_steps import ReplaceText, StartUpPatches, WheelFiles
from bugladder.sources import Member, fetch_sdist

_PROGRAMS = Path(__file__).parent / "programs"
_START_UP = _PROGRAMS / "start_up"
_PREFIX = "bugladder_"


def with_text_replaced(tree: dict[str, Member], step: ReplaceText) -> dict[str, Member]:
    """The tree with a text replaced in one file; as it is where that file is absent."""
    member = tree.get(step.path)
    if member is None:
        return tree
    content = member.content.replace(step.old.encode(), step.new.encode())
    return {**tree, step.path: replace(member, content=content)}


def files_of_wheel(step: WheelFiles, cache: Path) -> dict[str, Member]:
    """The files of a pinned wheel that the step takes, by their path in the checkout.

    Raises:
        BugladderError: the wheel is not what the step says, or nothing in it matches any pattern.
        InfrastructureError: the package index cannot be reached.
    """
    wheel = fetch_sdist(SdistSource(step.name, step.version, step.filename, step.sha256), cache / "wheels")
    what = f"wheel {step.filename}"
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [i.filename for i in archive.infolist() if not i.is_dir()]
            taken = {name for name in names if any(fnmatchcase(name, pattern) for pattern in step.take)}
            contents = {name: archive.read(name) for name in sorted(taken)}
    except (zipfile.BadZipFile, OSError) as error:
        raise BugladderError(f"{what} cannot be read: {error}") from error
    # one release has what another has not, so that a pattern may well take nothing
    if not taken:
        raise BugladderError(f"{what} holds nothing that matches {' or '.join(map(repr, step.take))}")
    return {_placed(name, step.into, what): Member(content, is_executable=False) for name, content in contents.items()}


def start_up_files(step: StartUpPatches) -> dict[str, Member]:
    """A sitecustomize and the patches that it imports, for a folder on PYTHONPATH.

    Raises:
        BugladderError: a patch is unknown.
    """
    known = {p.stem.removeprefix(_PREFIX): p for p in sorted(_START_UP.glob(f"{_PREFIX}*.py"))}
    for name in step.names:
        if name not in known:
            raise BugladderError(f"start-up patch {name!r} is unknown; known: {', '.join(known)}")
    lines = "".join(f"import {_PREFIX}{name}\n" for name in step.names)
    files = {known[name].name: known[name].read_bytes() for name in step.names}
    return {path: Member(c, is_executable=False) for path, c in {"sitecustomize.py": lines.encode(), **files}.items()}


@lru_cache(maxsize=1)
def programs_digest() -> str:
    """sha256 of the programs that set-up steps use: an edit of one makes another checkout."""
    paths = sorted([*_START_UP.glob("*.py"), *(_PROGRAMS / "setup").glob("*.py")])
    return sha256_text(canonical_json([[p.name, p.read_text(encoding="utf-8")] for p in paths]))


def _placed(name: str, into: str, what: str) -> str:
    pure = PurePosixPath(into, name)
    if pure.is_absolute() or ".." in pure.parts:
        raise BugladderError(f"{what}: member {name!r} leaves the checkout")
    return str(pure)
