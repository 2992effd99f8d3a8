"""Decides whether a drawn edit is worth a test run: it changes what the code means and gives itself away nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from bugladder.datasets.injection import plant
from bugladder.datasets.injection.leaks import leaked_line
from bugladder.mining.drawing import Draw
from bugladder.mining.reach import edited_lines
from bugladder.mining.release import patch_lines
from bugladder.mining.runs import Refused
from bugladder.records import BugladderError
from bugladder.selection import SemanticChange, semantic_change
from bugladder.workspace import make_patch


@dataclass(frozen=True)
class PlannedEdit:
    """An edit in full, before any test run.

    Args:
        draw: operator and place.
        edited: the whole edited file.
        patch_lines: removed plus added lines of the reverse, the reference patch.
        change: the reference's semantic diff.
        lines: line numbers of the original that the edit replaces or removes.
    """

    draw: Draw
    edited: bytes
    patch_lines: int
    change: SemanticChange
    lines: frozenset[int]

    @property
    def sha256(self) -> str:
        """Hex sha256 of the edited file."""
        return hashlib.sha256(self.edited).hexdigest()


def planned_edit(tree: Mapping[str, bytes], draw: Draw) -> PlannedEdit:
    """Plant an edit in a release's file.

    Args:
        tree: files of the pristine release by path.
        draw: operator and place.

    Raises:
        Refused: the operator yields nothing there, nothing but text changes, or a restored line stands elsewhere.
    """
    original = tree[draw.path]
    try:
        edited = plant(original, draw.operator, draw.site)
    except BugladderError as error:
        raise Refused(str(error)) from error
    change = semantic_change({draw.path: edited}, {draw.path: original})
    if change.lines == 0:
        raise Refused("the edit changes nothing but docstrings, comments or annotations")
    # any file of the release may be seen by a solver, so none may hold what the reference patch restores
    others = [_text(content) for p, content in tree.items() if p != draw.path and b"\0" not in content[:1024]]
    if leaked_line(_text(original), _text(edited), others) is not None:
        raise Refused("a restored line stands elsewhere in the release")
    return PlannedEdit(
        draw=draw,
        edited=edited,
        patch_lines=patch_lines(make_patch({draw.path: edited}, {draw.path: original})),
        change=change,
        lines=frozenset(edited_lines(_text(original), _text(edited))),
    )


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
