"""Decides what of a git mirror is taken: the files of one commit, and nothing that leads to another."""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import BugladderError, InfrastructureError, MirrorSource
from bugladder.sources.archives import Member, follow_links, link_target

_TIMEOUT_S = 600.0
_LINK, _SUBMODULE, _EXECUTABLE = "120000", "160000", "100755"
# No configuration of the machine may change what git reads, and no prompt may wait for a name or a word.
_GIT_ENV = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Entry:
    mode: str
    blob: str
    path: str


def read_commit(source: MirrorSource) -> dict[str, Member]:
    """The regular files of a commit by POSIX path, as their blobs are: no attribute or filter has a say.

    A link inside the tree becomes a copy of what it names; one that leads out or nowhere, and a submodule, are left
    out. So is a file that a partial clone does not hold (large data), with a warning: controls say whether it matters.

    Raises:
        BugladderError: no mirror stands in the folder, or it lacks the commit.
        InfrastructureError: a mirror behind a URL cannot be reached, or git cannot be run.
    """
    with _mirror(source) as folder:
        entries = _entries(folder, source)
        blobs = _blobs(folder, entries)
    absent = [e.path for e in entries if e.blob not in blobs]
    if absent:
        _LOG.warning("%s: the mirror lacks %d files, first %s; clone it whole", source.label, len(absent), absent[0])
    entries = [e for e in entries if e.blob in blobs]
    files = {e.path: Member(blobs[e.blob], e.mode == _EXECUTABLE) for e in entries if e.mode != _LINK}
    links = {e.path: link_target(e.path, os.fsdecode(blobs[e.blob])) for e in entries if e.mode == _LINK}
    inside = {path: target for path, target in links.items() if target is not None}
    return dict(sorted({**files, **follow_links(inside, files)}.items()))


def find_mirror(source: MirrorSource) -> Path | None:
    """The mirror's folder where it is one on this machine; None for a URL.

    Raises:
        BugladderError: the folder holds no mirror of the repository.
    """
    if "://" in source.mirrors:
        return None
    for place in source.places:
        folder = Path(place)
        if (folder / "objects").is_dir():
            return folder.resolve()
        if (folder / ".git" / "objects").is_dir():
            return (folder / ".git").resolve()
    raise BugladderError(f"{source.label}: no mirror; {' or '.join(source.places)} should be a bare clone")


def has_commit(source: MirrorSource) -> bool:
    """Whether a mirror on this machine holds the commit (True for a URL, which only a fetch can tell).

    Raises:
        BugladderError: the folder holds no mirror of the repository.
    """
    folder = find_mirror(source)
    return folder is None or _run(folder, "cat-file", "-e", f"{source.commit}^{{commit}}").returncode == 0


@contextmanager
def _mirror(source: MirrorSource) -> Iterator[Path]:
    folder = find_mirror(source)
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="bugladder-mirror-") as name:
        fresh = Path(name)
        _run(fresh, "init", "--quiet", "--bare", str(fresh))
        fetched = _run(fresh, "fetch", "--quiet", "--depth=1", "--no-tags", source.places[0], source.commit)
        if fetched.returncode != 0:
            words = " ".join(fetched.stderr.decode("utf-8", "replace").split())[:200]
            raise InfrastructureError(f"{source.label} could not be fetched from {source.places[0]}: {words}")
        yield fresh


def _entries(folder: Path, source: MirrorSource) -> list[_Entry]:
    listed = _run(folder, "ls-tree", "-r", "-z", "--full-tree", source.commit)
    if listed.returncode != 0:
        raise BugladderError(f"{source.label}: the mirror {folder} lacks this commit; fetch it anew")
    entries = []
    for line in listed.stdout.split(b"\0"):
        head, _, path = line.partition(b"\t")
        if path:
            mode, _, blob = head.decode().split(" ")
            entries.append(_Entry(mode, blob, os.fsdecode(path)))
    return [e for e in entries if e.mode != _SUBMODULE]


def _blobs(folder: Path, entries: list[_Entry]) -> dict[str, bytes]:
    """Contents by blob; what the mirror does not hold is absent."""
    wanted = sorted({e.blob for e in entries})
    given = _run(folder, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode())
    found: dict[str, bytes] = {}
    at = 0
    for blob in wanted:
        end = given.stdout.find(b"\n", at)
        head = given.stdout[at:end].split(b" ")
        if len(head) != 3:
            # "<blob> missing", and nothing of it follows
            at = end + 1
            continue
        size = int(head[2])
        found[blob] = given.stdout[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found


def _run(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    # "safe.directory": a mirror may well belong to another user; it is only read
    argv = ["git", "-c", "safe.directory=*", "-c", "protocol.ext.allow=never", f"--git-dir={folder}", *arguments]
    try:
        return subprocess.run(
            argv, input=stdin, capture_output=True, check=False, timeout=_TIMEOUT_S, env={**os.environ, **_GIT_ENV}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfrastructureError(f"git could not read {folder}: {error}") from error
