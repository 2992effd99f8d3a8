"""Decides how large a change is from its diff alone: comments and blank lines do not count."""

from __future__ import annotations

from collections.abc import Iterator

from bugladder.selection import SemanticChange
from bugladder.workspace.patches import split_patch


def change_of(patch: str) -> SemanticChange:
    """Lines, places and files of a unified diff that change more than comments and blank lines.

    The files are not at hand, so a docstring counts like code. A place is a run of removed and added lines.
    """
    runs = [list(_runs(block)) for block in split_patch(patch)]
    return SemanticChange(
        lines=sum(sum(block) for block in runs),
        hunks=sum(len(block) for block in runs),
        files=sum(bool(block) for block in runs),
    )


def changed_lines(patch: str) -> int:
    """Removed plus added lines of a unified diff, whatever they hold."""
    return sum(line[:1] in {"+", "-"} for block in split_patch(patch) for line in _body(block))


def _runs(block: str) -> Iterator[int]:
    """Counted lines of each run of changed lines that has any."""
    count = 0
    for line in [*_body(block), " "]:
        if line[:1] in {"+", "-"}:
            text = line[1:].strip()
            count += bool(text) and not text.startswith("#")
        elif count:
            yield count
            count = 0


def _body(block: str) -> list[str]:
    lines = block.split("\n")
    first = next((n for n, line in enumerate(lines) if line.startswith("@@ ")), len(lines))
    return lines[first:]
