"""Decides what of a candidate's patch reaches the graded tree: protected files and test sections never do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bugladder.records import Files
from bugladder.records.paths import PathRules
from bugladder.workspace.patches import block_paths, split_patch, touched_paths

_TEST_SECTION = re.compile(
    r"^\s*\[+\s*(tool[:.]pytest|pytest|testenv|tool\.(coverage|tox|hatch\.envs)|coverage:)", re.IGNORECASE
)
_ANY_SECTION = re.compile(r"^\s*\[")


@dataclass(frozen=True)
class KeptPatch:
    """A candidate's patch without its hunks on protected files, and the paths that were dropped."""

    patch: str
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class Protection:
    """Protected: the test patch's files, tests and hooks by the path rules, minus what the reference touches."""

    rules: PathRules
    test_paths: frozenset[str]
    reference_paths: frozenset[str]

    @classmethod
    def of(cls, test_patch: str, reference_patch: str, rules: PathRules) -> Protection:
        """Protection for one instance."""
        return cls(rules, frozenset(touched_paths(test_patch)), frozenset(touched_paths(reference_patch)))

    def covers(self, path: str) -> bool:
        """True for a protected path."""
        is_of_tests = path in self.test_paths or self.rules.is_test(path) or self.rules.is_hook(path)
        return is_of_tests and path not in self.reference_paths

    def keep(self, patch: str) -> KeptPatch:
        """Drop the parts of a patch that touch a protected file."""
        kept, dropped = [], []
        for block in split_patch(patch):
            protected = [p for p in block_paths(block) if self.covers(p)]
            dropped.extend(protected)
            if not protected:
                kept.append(block)
        return KeptPatch("".join(kept), tuple(dict.fromkeys(dropped)))

    def is_mixed(self, path: str) -> bool:
        """True for a file of which only the test sections are protected."""
        return self.rules.is_mixed(path) and path not in self.reference_paths and not self.covers(path)


def restore_sections(base: Mapping[str, bytes | None], present: Mapping[str, bytes | None]) -> Files:
    """Mixed files with the base's test sections in place of the candidate's.

    Args:
        base: content before the candidate by path.
        present: content after it, the same paths.
    """
    return {path: _restore(base.get(path), content) for path, content in present.items()}


def _restore(base: bytes | None, present: bytes | None) -> bytes | None:
    tests = [s for s in _sections(base or b"") if _TEST_SECTION.match(s)]
    if present is None:
        # the file's removal may stand, its test sections may not go with it
        return "".join(tests).encode("utf-8", "surrogateescape") or None
    others = [s for s in _sections(present) if not _TEST_SECTION.match(s)]
    return "".join([*others, *(s if s.startswith("\n") else "\n" + s for s in tests)]).encode(
        "utf-8", "surrogateescape"
    )


def _sections(content: bytes) -> list[str]:
    sections = [""]
    for line in content.decode("utf-8", "surrogateescape").splitlines(keepends=True):
        if _ANY_SECTION.match(line) and _looks_like_header(line):
            sections.append("")
        sections[-1] += line
    return [s for s in sections if s]


def _looks_like_header(line: str) -> bool:
    """A list item that begins with a bracket is no header; a header ends with its bracket, a comment may follow."""
    return re.match(r"^\s*\[\[?[^\[\],]+\]\]?\s*(#.*)?$", line) is not None
