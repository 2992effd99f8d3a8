"""A git mirror of a tiny repository whose future holds the fix: branches, tags, a link, an attribute that hides."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import MirrorSource

REPO = "tiny/library"
FILES = {
    "tiny/__init__.py": "def add(a, b):\n    return a - b\n",
    "tests/test_add.py": "from tiny import add\n\n\ndef test_zero():\n    assert add(1, 0) == 1\n",
    "tests/data/windows.txt": "one\ntwo\n",
    "setup.cfg": "[tool]\nwhat = old\n",
    ".gitattributes": "tests export-ignore\n*.txt text eol=crlf\n",
}
FIX = {"tiny/__init__.py": "def add(a, b):\n    return a + b  # the-future\n"}


@dataclass(frozen=True)
class TinyMirror:
    """A folder of bare clones with one in it, and the commit before the fix."""

    folder: Path
    commit: str

    @property
    def source(self) -> MirrorSource:
        """The buggy commit."""
        return MirrorSource(REPO, self.commit, str(self.folder))

    @property
    def bare(self) -> Path:
        """The bare clone."""
        return self.folder / f"{REPO.replace('/', '__')}.git"


def git(folder: Path, *arguments: str) -> str:
    """What git prints, with an identity of its own and no configuration of the machine."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false")
    argv = ["git", *who, "-C", str(folder), *arguments]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env={"GIT_CONFIG_GLOBAL": "/dev/null"})
    return done.stdout.strip()


def make_mirror(folder: Path, more: dict[str, str] | None = None) -> TinyMirror:
    """Write the repository, its fix and a tag on it; `more` stands in the buggy commit, too."""
    work, mirrors = folder / "work", folder / "mirrors"
    work.mkdir(parents=True)
    git(work, "init", "--quiet", "--initial-branch=main")
    _write(work, {**FILES, **(more or {})})
    (work / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (work / "run.sh").chmod(0o755)
    (work / "tests" / "linked.py").symlink_to("test_add.py")
    (work / "tests" / "more").symlink_to("data")
    (work / "outside").symlink_to("/etc/passwd")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message=buggy")
    commit = git(work, "rev-parse", "HEAD")
    _write(work, FIX)
    git(work, "commit", "--quiet", "--all", "--message=the-future")
    git(work, "tag", "fixed")
    found = TinyMirror(mirrors, commit)
    git(folder, "clone", "--quiet", "--bare", str(work), str(found.bare))
    return found


def _write(work: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        place = work / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
