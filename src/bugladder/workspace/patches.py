"""Unified diffs made from and applied to whole files, with git, in a temporary folder of our own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bugladder.records import BugladderError, Files

# No configuration of the machine or of a repository around us may change what git makes of two folders.
_GIT_ENV = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CEILING_DIRECTORIES": "/",
    "LC_ALL": "C",
}


def make_patch(before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]) -> str:
    """Git-style unified diff between two sets of whole files ("" where they are equal).

    Args:
        before: content by path; None or absence means that the file is not there.
        after: the same, afterwards.

    Returns:
        The diff with a/ and b/ prefixes, binary hunks included; undecodable bytes as surrogates.
    """
    changed = sorted(p for p in {*before, *after} if before.get(p) != after.get(p))
    if not changed:
        return ""
    with tempfile.TemporaryDirectory(prefix="bugladder-diff-") as name:
        folder = Path(name)
        for side, files in (("a", before), ("b", after)):
            (folder / side).mkdir()
            _lay(folder / side, {p: files.get(p) for p in changed})
        argv = ["git", "diff", "--no-index", "--binary", "--no-renames", "--no-color", "--no-prefix", "a", "b"]
        done = _git(argv, folder)
    if done.returncode not in {0, 1}:
        raise BugladderError(f"git could not compare the files: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode("utf-8", "surrogateescape")


def apply_patch(files: Mapping[str, bytes | None], patch: str) -> Files:
    """Apply a unified diff to whole files; returns only the files that the patch touches (None where it deletes).

    Raises:
        BugladderError: a hunk does not apply, or a path leaves the folder.
    """
    if not patch.strip():
        return {}
    with tempfile.TemporaryDirectory(prefix="bugladder-apply-") as name:
        folder = Path(name).resolve()
        _lay(folder, {p: c for p, c in files.items() if f"/{p}" in patch})
        done = _git(["git", "apply", "--whitespace=nowarn", "-"], folder, patch.encode("utf-8", "surrogateescape"))
        if done.returncode != 0:
            raise BugladderError(f"the patch does not apply: {done.stderr.decode(errors='replace').strip()[:300]}")
        return {path: _take(folder / path) for path in touched_paths(patch)}


def touched_paths(patch: str) -> list[str]:
    """Paths that a git-style or plain unified diff touches, in order, both sides of a rename.

    Content lines that look like headers are not mistaken for them: a hunk's length is counted.
    """
    paths: dict[str, None] = {}
    for block in split_patch(patch):
        for path in block_paths(block):
            paths[path] = None
    return list(paths)


def split_patch(patch: str) -> list[str]:
    """One text per file of a diff, headers included; hunk bodies are skipped by their counted length."""
    blocks: list[list[str]] = []
    old = new = 0
    has_git = patch.startswith("diff --git ") or "\ndiff --git " in patch
    for line in patch.splitlines(keepends=True):
        if old > 0 or new > 0:
            old -= line[:1] in {" ", "-"} or line in {"\n", "\r\n"}
            new -= line[:1] in {" ", "+"} or line in {"\n", "\r\n"}
        elif line.startswith("@@ "):
            old, new = _hunk_lengths(line)
        elif line.startswith("diff --git ") or (not has_git and line.startswith("--- ")):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    return ["".join(b) for b in blocks]


def block_paths(block: str) -> list[str]:
    """The paths that one file's part of a diff names, without a/ and b/ and without /dev/null."""
    found: dict[str, None] = {}
    for line in block.splitlines():
        if line.startswith(("@@ ", "GIT binary patch")):
            break
        for head in ("--- ", "+++ ", "rename from ", "rename to ", "copy to "):
            if line.startswith(head):
                path = line[len(head) :].split("\t")[0].strip().strip('"')
                if path != "/dev/null":
                    found[path[2:] if path[:2] in {"a/", "b/"} and head[0] in "-+" else path] = None
    first = block.split("\n", 1)[0]
    if not found and first.startswith("diff --git a/"):
        # a mode change, an empty file or a binary one has no ---/+++ lines; both halves name the same path
        rest = first.removeprefix("diff --git a/")
        found[rest[: (len(rest) - len(" b/")) // 2]] = None
    return list(found)


def _hunk_lengths(line: str) -> tuple[int, int]:
    spans = line.split("@@")[1].split()
    lengths = [int(s.split(",")[1]) if "," in s else 1 for s in spans[:2]]
    return lengths[0], lengths[1]


def _git(argv: list[str], folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **_GIT_ENV}
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        environment.pop(name, None)
    return subprocess.run(argv, cwd=folder, input=stdin, capture_output=True, env=environment, check=False, timeout=120)


def _lay(folder: Path, files: Mapping[str, bytes | None]) -> None:
    for path, content in files.items():
        if content is None:
            continue
        target = folder / path
        if ".." in Path(path).parts or Path(path).is_absolute():
            raise BugladderError(f"path {path!r} leaves the repository")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _take(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None
