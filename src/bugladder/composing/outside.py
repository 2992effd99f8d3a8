"""Keeps files from outside where dvc sees them: conf/ refers to them by their names in params.yaml and to no path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bugladder.records import BugladderError

_REFERENCE = re.compile(r"\$\{files\.(\w+)\}")


def known_names(conf: Path) -> set[str]:
    """The names of files from outside that any choice in conf/ reads, as `${files.<name>}`."""
    texts = (path.read_text(encoding="utf-8") for path in conf.rglob("*.yaml"))
    return {name for text in texts for name in _REFERENCE.findall(text)}


def check_names(files: Mapping[str, str], conf: Path) -> None:
    """Compare the files that params.yaml names with those that conf/ reads.

    Raises:
        BugladderError: a name that nothing reads, or one that is missing.
    """
    known = known_names(conf)
    for name in [*files, *sorted(known)]:
        if name not in known:
            raise BugladderError(f"params.yaml: files.{name}: nothing reads it; known: {', '.join(sorted(known))}")
        if name not in files:
            raise BugladderError(f"params.yaml: key 'files.{name}' is missing; {conf} reads it")


def check_overrides(overrides: Sequence[str], unresolved: Any) -> None:
    """Refuse an override of a value that conf/ takes from `files`: dvc would not see an edit of such a file.

    Args:
        overrides: Hydra's.
        unresolved: the configuration without overrides of single keys, references as they stand in conf/.

    Raises:
        BugladderError: names the override and the file's name.
    """
    for override in overrides:
        node = unresolved
        for part in override.partition("=")[0].lstrip("+~").split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        found = _REFERENCE.fullmatch(node) if isinstance(node, str) else None
        if found:
            raise BugladderError(
                f"override {override}: a file from outside goes by its name, files.{found[1]} in params.yaml"
            )
