"""Finds new modules of a graded tree that would be imported in place of the standard library's or an installed one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from bugladder.records import Files
from bugladder.workspace import TreeRefusedError, Workspace

# How the name of a file ends that is imported by what stands before its first dot.
_ENDS = (".py", ".pyc", ".so")
# Prints those of the names that can be imported from outside of the current folder.
_PROBE = """
import importlib.util, os, sys
root = os.getcwd() + os.sep
for name in sys.argv[1:]:
    spec = importlib.util.find_spec(name)
    places = [spec.origin] if spec and spec.origin else spec and spec.submodule_search_locations or ()
    if any(not place.startswith(root) for place in places):
        print(name)
"""


def find_shadows(workspace: Workspace, paths: Iterable[str], base: Files, folders: Iterable[str]) -> set[str]:
    """Those of a patched tree's paths that belong to new modules with the name of one that stands elsewhere.

    Args:
        workspace: the patched tree.
        paths: every file of it, relative to the root.
        base: the unpatched repository; the modules that it has may stay, and so may its files in a new one's folder.
        folders: what the tests' command puts on the path, relative to the root ("." for the root).
    """
    present = set(paths)
    found: dict[str, set[str]] = {}
    for folder in {".", *folders}:
        # what is run as the main program is imported by nobody
        new = _modules(present, folder) - _modules(base, folder) - {"__main__"}
        for path in present - base.keys():
            if (top := _top(path, folder)) in new:
                found.setdefault(top, set()).add(path)
    if not found:
        return set()
    probed = workspace.run("python", "-I", "-c", _PROBE, *sorted(found))
    if probed.exit_code != 0:
        raise TreeRefusedError("what the patch's new modules would hide cannot be found out")
    return {path for name in probed.stdout.decode().split() for path in found[name]}


def _modules(paths: Iterable[str], folder: str) -> set[str]:
    """Names of the modules and packages in a folder; a folder without an __init__ hides nothing."""
    found = set()
    for path in paths:
        match _below(path, folder):
            case [name] | [_, name] if not name.endswith(_ENDS):
                continue
            case [name]:
                found.add(_stem(name))
            case [package, name] if _stem(name) == "__init__":
                found.add(package)
    return {name for name in found if name.isidentifier()}


def _top(path: str, folder: str) -> str:
    """The module that a path belongs to, where there is one of that name, as seen from a folder ("" for none)."""
    match _below(path, folder):
        case [name]:
            return _stem(name) if name.endswith(_ENDS) else ""
        case [package, *_]:
            return package
    return ""


def _below(path: str, folder: str) -> list[str]:
    """A path's parts below a folder; none where it is elsewhere."""
    start = "" if folder == "." else f"{PurePosixPath(folder)}/"
    return path[len(start) :].split("/") if path.startswith(start) else []


def _stem(name: str) -> str:
    return name.partition(".")[0]
