"""Decides what counts as applied: what git applies whole, else what patch(1) applies whole with fuzz, and by which."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bugladder.records import Files, InfrastructureError
from bugladder.workspace.opened import Workspace
from bugladder.workspace.patches import block_paths, split_patch, touched_paths


class AppliedBy(StrEnum):
    """The tool that took a patch. PATCH overlooks what git does not: line ends, a cut last line, odd context."""

    GIT = "git"
    PATCH = "patch"


@dataclass(frozen=True)
class Application:
    """by: what took the patch whole, None where nothing did; reason: git's words where git did not."""

    by: AppliedBy | None
    reason: str = ""


# The official harness tries git, then git with rejects, then patch on what that left. Where git refuses, the second
# never ends well; it leaves whole hunks behind, which --batch then takes back ("Assuming -R"). So patch gets the
# untouched tree here, and --forward keeps it from turning a patch around.
_FUZZY = (
    "patch", "--unified", "--batch", "--forward", "--fuzz=5", "--strip=1", "--no-backup-if-mismatch", "--reject-file=-",
)  # fmt: skip
_NOT_FOUND = 127


def apply_published(workspace: Workspace, patch: str) -> Application:
    """Apply a unified diff at the root as the field does: by git, or else by `patch --fuzz=5 -p1`.

    Where nothing takes it whole the tree may hold a part of it and is of no further use.

    Raises:
        InfrastructureError: git refused it and the sandbox has no patch(1).
    """
    strictly = workspace.apply(patch)
    if strictly.applied:
        return Application(AppliedBy.GIT)
    paths = touched_paths(patch)
    before = workspace.read(paths)
    loosely = workspace.run(*_FUZZY, stdin=patch.encode("utf-8", "surrogateescape"))
    if loosely.exit_code == _NOT_FOUND:
        raise InfrastructureError("the sandbox has no patch(1), which is tried where git apply refuses; install it")
    is_whole = loosely.exit_code == 0 and _changes_each_file(patch, before, workspace.read(paths))
    return Application(AppliedBy.PATCH if is_whole else None, strictly.reason)


def _changes_each_file(patch: str, before: Files, after: Files) -> bool:
    """Whether each part of a patch did something: patch(1) passes over a hunk whose header it cannot read."""
    return all(any(before[p] != after[p] for p in block_paths(block)) for block in split_patch(patch))
