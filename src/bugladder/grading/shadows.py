"""Finds new modules of a graded tree that would be imported in place of the standard library's or an installed one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from bugladder.records import Files
from bugladder.workspace import TreeRefusedError, Workspace

# Prints those of the names that can be imported from outside of the current folder.
_PROBE = """
import importlib.util, os, sys
root = os.getcwd() + os.sep
for name in sys.argv[1:]:
    spec = importlib.util.find_spec(name)
    if spec and spec.loader and not str(spec.origin).startswith(root):
        print(name)
"""


def find_shadows(workspace: Workspace, paths: Iterable[str], base: Files, folders: Iterable[str]) -> set[str]:
    """Those of a patched tree's paths that belong to new modules with the name of one that stands elsewhere.

    Args:
        workspace: the patched tree.
        paths: every file of it, relative to the root.
        base: the unpatched repository; what it names so already may stay.
        folders: what the tests' command puts on the path, relative to the root ("." for the root).
    """
    found: dict[str, set[str]] = {}
    for folder in {".", *folders}:
        known = {_module(p, folder) for p in base}
        for path in paths:
            name = _module(path, folder)
            if name and name not in known:
                found.setdefault(name, set()).add(path)
    if not found:
        return set()
    probed = workspace.run("python", "-I", "-c", _PROBE, *sorted(found))
    if probed.exit_code != 0:
        raise TreeRefusedError("what the patch's new modules would hide cannot be found out")
    return {path for name in probed.stdout.decode().split() for path in found[name]}


def _module(path: str, folder: str) -> str:
    """The top-level module that a file belongs to as seen from a folder on the path ("" for none)."""
    pure = PurePosixPath(path)
    if not pure.is_relative_to(folder):
        return ""
    name = pure.relative_to(folder).parts[0].partition(".")[0]
    return name if name.isidentifier() else ""
