"""Puts a graded tree's tests back after a candidate's patch, by what the tree then holds, whatever the patch said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from bugladder.grading.protection import Protection, restore_sections
from bugladder.grading.shadows import find_shadows
from bugladder.records import Files
from bugladder.workspace import TreeRefusedError, Workspace

_FILE, _FOLDER, _LINK = "f", "d", "l"
# Every entry of the tree, folders and links included: its kind, a blank, its path, a NUL.
_LIST = ("find", ".", "-mindepth", "1", "-printf", r"%y %P\0")


@dataclass(frozen=True)
class Restoration:
    """What a graded tree must hold before its tests run.

    Args:
        protection: which paths a candidate may not decide.
        base: whole files of the unpatched repository.
        tests: whole test files as the test patch leaves them (None where it deletes one).
        import_folders: what the tests' command puts on the path, relative to the root.
    """

    protection: Protection
    base: Files
    tests: Files
    import_folders: tuple[str, ...] = (".",)

    def unpatched(self, workspace: Workspace) -> None:
        """Lay the tests over a tree that nobody patched."""
        workspace.write({p: c for p, c in self.tests.items() if self.protection.covers(p)})

    def patched(self, workspace: Workspace) -> tuple[str, ...]:
        """Put every protected file back over a patched tree; returns the protected paths that had no business there.

        A patch can be written so that a reader of its text takes it for another; the tree cannot. Links go too: an
        sdist holds none, and one could stand for a protected file.

        Raises:
            TreeRefusedError: the patch left a tree that does not take the files.
        """
        entries = _listed(workspace)
        covered = {p: c for p, c in self.base.items() if self.protection.covers(p)}
        back = {**covered, **{p: c for p, c in self.tests.items() if self.protection.covers(p)}}
        doomed = {p for p, kind in entries.items() if kind == _LINK or self._is_intruder(p, kind, back)}
        files = [p for p, kind in entries.items() if kind != _FOLDER and self._is_free(p)]
        doomed |= find_shadows(workspace, files, self.base, self.import_folders)
        workspace.write(dict.fromkeys(doomed | _in_the_way(entries, back)))
        held = {p for p, kind in entries.items() if kind == _FILE and p in back} - doomed
        workspace.write({**_differing(workspace, held, back), **self._mixed(workspace, entries, doomed)})
        return tuple(sorted(doomed))

    def _is_free(self, path: str) -> bool:
        return path not in self.protection.reference_paths and not self.protection.covers(path)

    def _is_intruder(self, path: str, kind: str, back: Files) -> bool:
        return kind != _FOLDER and self.protection.covers(path) and back.get(path) is None

    def _mixed(self, workspace: Workspace, entries: Mapping[str, str], doomed: set[str]) -> Files:
        paths = [p for p in {*entries, *self.base} if self.protection.is_mixed(p)]
        if not paths:
            return {}
        present = workspace.read([p for p in paths if p not in doomed])
        changed = {p: present.get(p) for p in paths if present.get(p) != self.base.get(p)}
        return restore_sections(self.base, changed)


def _listed(workspace: Workspace) -> dict[str, str]:
    found = workspace.run(*_LIST)
    if found.exit_code != 0 or found.is_truncated:
        raise TreeRefusedError("the patched tree cannot be listed: too large, or unreadable")
    entries = (e.split(" ", 1) for e in found.stdout.decode("utf-8", "surrogateescape").split("\0") if e)
    return {path: kind for kind, path in entries}


def _differing(workspace: Workspace, held: set[str], files: Files) -> Files:
    """Those of the files that the tree does not hold as they are: writing thousands of equal ones takes a second.

    Args:
        workspace: the patched tree; nothing of it has run.
        held: paths of regular files of the tree.
        files: what the tree should hold.
    """
    names = "\0".join(sorted(held)).encode("utf-8", "surrogateescape")
    found = workspace.run("xargs", "--null", "--no-run-if-empty", "sha256sum", "--zero", "--binary", "--", stdin=names)
    if found.exit_code != 0 or found.is_truncated:
        raise TreeRefusedError("the patched tree's protected files cannot be read")
    lines = (line.split(" *", 1) for line in found.stdout.decode("utf-8", "surrogateescape").split("\0") if line)
    digests = {path: digest for digest, path in lines}
    return {p: c for p, c in files.items() if c is None or digests.get(p) != hashlib.sha256(c).hexdigest()}


def _in_the_way(entries: Mapping[str, str], back: Files) -> set[str]:
    """Folders where a file belongs, and files where a folder of one does."""
    files = {p for p, content in back.items() if content is not None}
    parents = {p[:at] for p in files for at, letter in enumerate(p) if letter == "/"}
    return {p for p, kind in entries.items() if (p in files and kind == _FOLDER) or (p in parents and kind != _FOLDER)}
