"""Decides from its words whether a changelog entry speaks of a fix: what only adds something is no bug report."""

from __future__ import annotations

import re

from packaging.version import Version

_MIN_WORDS = 5
_ADDS = re.compile(r"\b(?:add(?:s|ed)?|new|support|introduced?)\b", re.IGNORECASE)
_FIXES = re.compile(
    r"\b(?:bug\w*|fix\w*|regress\w*|crash\w*|wrong\w*|(?:in)?correct\w*"
    r"|\w*error|\w*exception|ensure[sd]?|no longer|restored?)\b",
    re.IGNORECASE,
)


def objection(entry: str, version: str) -> str:
    """Why an entry is no issue text of a bug; "" where there is nothing against it.

    Args:
        entry: the changelog's words.
        version: the release that they are about; X.Y.0 is a feature release.
    """
    if len(re.findall(r"[^\W\d_]{2,}", entry)) < _MIN_WORDS:
        return f"its changelog entry says too little: {entry!r}"
    is_feature_release = not any(Version(version).release[2:])
    if _ADDS.search(entry) and (is_feature_release or not _FIXES.search(entry)):
        return "its changelog entry speaks of additions rather than of a fix"
    return ""
