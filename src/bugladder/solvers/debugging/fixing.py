"""Turns a model's edits into whole files and a diff of our making; what an edit must be like is known to `edits`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bugladder.records import Files, sha256_text
from bugladder.solvers.debugging.edits import Edit, EditError, apply_script, apply_whole
from bugladder.solvers.debugging.replies import ScriptReply, WholeFileReply
from bugladder.workspace import make_patch


@dataclass(frozen=True)
class Patch:
    """A change of the buggy code: its files before and after, and the unified diff between them."""

    before: Files = field(hash=False)
    after: Files = field(hash=False)
    diff: str

    @property
    def sha256(self) -> str:
        """Of the diff."""
        return sha256_text(self.diff)

    @property
    def normalised(self) -> str:
        """Digest of the changed lines alone, without blanks: equal for edits that differ in nothing that matters."""
        lines = self.diff.split("\n")
        kept = ("".join(line.split()) for line in lines if line[:1] in {"+", "-"} or line.startswith("diff --git "))
        return sha256_text("\n".join(line for line in kept if len(line) > 1))


def make(reply: ScriptReply | WholeFileReply, texts: Mapping[str, str], taken: Collection[str]) -> Patch:
    """The patch of a reply.

    Args:
        reply: edits or whole files.
        texts: the buggy code's text files.
        taken: paths that stand in the repository and are no text.

    Raises:
        EditError: an edit cannot be made; in words for the model.
    """
    if isinstance(reply, ScriptReply):
        changed = apply_script([Edit(e.file, e.search, e.replacement) for e in reply.edits], texts, taken)
    else:
        given = {f.file: f.content for f in reply.files}
        if len(given) < len(reply.files):
            raise EditError("A file is given twice: give each changed file once.")
        changed = apply_whole(given, texts, taken)
    before: Files = {path: texts[path].encode("utf-8") for path in changed if path in texts}
    after: Files = {path: text.encode("utf-8") for path, text in changed.items()}
    return Patch(before, after, make_patch(before, after))
