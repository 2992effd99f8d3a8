"""Decides what of two releases is the fix and what are its tests, hunks of version and copyright lines left out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bugladder.records import Files
from bugladder.records.paths import PathRules
from bugladder.workspace.patches import make_patch

_BOOKKEEPING = re.compile(
    # unindented only: a function may well have a variable of such a name
    rb"^_{0,2}(?:version|commit_id|copyright|date)\w*\s*(?::[^=]*)?=|^\W*copyright\b|^\s*$|\(c\)\s*\d{4}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Change:
    """Whole files on both sides of a change, by path; None where a side has no such file."""

    before: Files
    after: Files

    @property
    def patch(self) -> str:
        """The change as a unified diff."""
        return make_patch(self.before, self.after)


@dataclass(frozen=True)
class ReleaseChange:
    """What two consecutive releases differ by: source files (the fix) and test files."""

    source: Change
    tests: Change


def release_change(
    before: Mapping[str, bytes], after: Mapping[str, bytes], versions: tuple[str, str], rules: PathRules
) -> ReleaseChange:
    """Compare two releases' trees.

    Args:
        before: files of the release before, by path.
        after: files of the release after.
        versions: both versions, whose lines stay out.
        rules: which paths are tests and which are sources.
    """
    paths = sorted(p for p in {*before, *after} if before.get(p) != after.get(p))
    tests = [p for p in paths if rules.is_test(p)]
    source: dict[str, tuple[bytes | None, bytes | None]] = {}
    for path in paths:
        if rules.is_source(path):
            old, new = before.get(path), after.get(path)
            kept = new if old is None or new is None else without_bookkeeping(old, new, versions)
            if kept != old:
                source[path] = (old, kept)
    return ReleaseChange(
        source=Change({p: s[0] for p, s in source.items()}, {p: s[1] for p, s in source.items()}),
        tests=Change({p: before.get(p) for p in tests}, {p: after.get(p) for p in tests}),
    )


def without_bookkeeping(before: bytes, after: bytes, versions: tuple[str, str]) -> bytes:
    """The later file with those hunks taken back that change only version, date or copyright lines."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    kept: list[bytes] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        is_fix = tag == "equal" or not _is_bookkeeping(old[i1:i2], new[j1:j2], versions)
        kept += new[j1:j2] if is_fix else old[i1:i2]
    return b"".join(kept)


def _is_bookkeeping(old: list[bytes], new: list[bytes], versions: tuple[str, str]) -> bool:
    first, second = (v.encode() for v in versions)
    if len(old) == len(new) and all(o.replace(first, second) == n for o, n in zip(old, new, strict=True)):
        return True
    return all(_BOOKKEEPING.search(line) for line in (*old, *new))
