"""Unified diffs made from and applied to whole files, with git, in a temporary folder of our own."""

from __future__ import annotations

import io
import os
import re
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
        touched = touched_paths(patch)
        _lay(folder, {p: files[p] for p in touched if p in files})
        done = _git(["git", "apply", "--whitespace=nowarn", "-"], folder, patch.encode("utf-8", "surrogateescape"))
        if done.returncode != 0:
            raise BugladderError(f"the patch does not apply: {done.stderr.decode(errors='replace').strip()[:300]}")
        return {path: _take(folder / path) for path in touched}


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
    has_hunk = False
    # not splitlines: a form feed or a lone return ends no line of a diff
    for line in io.StringIO(patch, newline="\n"):
        if old > 0 or new > 0:
            old -= line[:1] in {" ", "-"} or line in {"\n", "\r\n"}
            new -= line[:1] in {" ", "+"} or line in {"\n", "\r\n"}
        elif line.startswith("@@ "):
            old, new = _hunk_lengths(line)
            has_hunk = True
        # git takes a "--- " behind a hunk for the next file, with or without a header line before it
        elif line.startswith("diff --git ") or (line.startswith("--- ") and (has_hunk or not has_git)):
            blocks.append([])
            has_hunk = False
        if blocks:
            blocks[-1].append(line)
    return ["".join(b) for b in blocks]


def block_paths(block: str) -> list[str]:
    """The paths that one file's part of a diff names, as git reads them: unquoted, without /dev/null or a/ and b/.

    Of the names in `---`, `+++` and the header git drops the first folder, whatever it is called.
    """
    found: dict[str, None] = {}
    for line in block.split("\n"):
        if line.startswith(("@@ ", "GIT binary patch")):
            break
        for head in ("--- ", "+++ ", "rename from ", "rename to ", "copy to "):
            if line.startswith(head):
                path = _unquoted(line[len(head) :])
                if path != "/dev/null":
                    found[path.partition("/")[2] or path if head[0] in "-+" else path] = None
    if not found and block.startswith("diff --git "):
        # a mode change, an empty file or a binary one has no ---/+++ lines
        found[_header_path(block.split("\n", 1)[0].removeprefix("diff --git ").rstrip("\r"))] = None
    return list(found)


def _header_path(names: str) -> str:
    """The path that both names of a header give without their first folders; it may hold blanks."""
    if '"' in names:
        last = _QUOTED.search(names) if not names.endswith('"') else [*_QUOTED.finditer(names)][-1]
        return _unquoted(last.group()).partition("/")[2] if last else names
    for at in (n for n, letter in enumerate(names) if letter == " "):
        left, right = names[:at].partition("/")[2], names[at + 1 :].partition("/")[2]
        if left and left == right:
            return left
    return names


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unquoted(name: str) -> str:
    """A name as git writes it: in quotes with C escapes, or as it is up to a tab."""
    quoted = _QUOTED.match(name)
    if quoted is None:
        return name.split("\t", maxsplit=1)[0].strip()
    text = re.sub(r"\\([0-7]{1,3}|.)", _unescaped, quoted.group()[1:-1])
    # escapes are bytes, the rest is text already
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1)
    if code[0] not in "01234567":
        return _ESCAPES.get(code, code)
    return bytes([int(code, 8) & 0xFF]).decode("utf-8", "surrogateescape")


_HUNK = re.compile(r"@@ -\d+(?:,(\d{1,9}))? \+\d+(?:,(\d{1,9}))? @@")


def _hunk_lengths(line: str) -> tuple[int, int]:
    """Lines of both sides; none where the header is no hunk's: no tool applies what follows, so nothing is counted."""
    found = _HUNK.match(line)
    return (int(found[1] or 1), int(found[2] or 1)) if found else (0, 0)


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
