"""Says what is wrong with an override, with the keys and choices that there are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bugladder.records import BugladderError

_CONTROL_NAMES = {"reference", "inert"}


def one_line(error: Exception) -> str:
    """The cause of a composition error on one line, the override in it."""
    cause = error.__cause__ if error.__cause__ is not None and "override" not in str(error) else error
    words = " ".join(str(error).split())
    more = " ".join(str(cause).split()) if cause is not error else ""
    return f"{words} {more}".strip()


def refused_key(error: Exception) -> str | None:
    """The key of an override that Hydra found no place for; None where the error is another one."""
    found = re.search(r"Could not override '([^']+)'", str(error))
    return found[1] if found else None


def unknown_key(key: str, overrides: Sequence[str], whole: Mapping[str, Any]) -> str:
    """What to say of an override of a key that is not there: its node's known keys.

    Args:
        key: dotted, as the override has it.
        overrides: all of them, of which one is quoted.
        whole: the configuration without overrides of single keys.
    """
    override = next((o for o in overrides if o.startswith(f"{key}=")), key)
    node: Any = whole
    where, wanted = [], key.split(".")
    while len(wanted) > 1 and isinstance(node.get(wanted[0]), Mapping):
        where.append(wanted.pop(0))
        node = node[where[-1]]
    if wanted[0] in node:
        return f"override {override}: {'.'.join([*where, wanted[0]])} is a value, not a group of keys"
    place = ".".join(where) or "the configuration"
    return f"override {override}: {place} has no key {wanted[0]!r}; known: {', '.join(sorted(node))}"


def is_choice(override: str, conf: Path) -> bool:
    """Whether an override chooses a file of a group, as `solver=search` does."""
    group = override.partition("=")[0]
    return bool(group) and "." not in group and (conf / group).is_dir()


def check_choice(override: str, conf: Path) -> None:
    """Refuse an unknown choice of a group, with the known ones; a control is no solver.

    Raises:
        BugladderError: there is no such choice.
    """
    group, _, choice = override.partition("=")
    folder = conf / group
    if not is_choice(override, conf):
        return
    if group == "solver" and choice in _CONTROL_NAMES:
        raise BugladderError(
            f"solver={choice}: {choice} is a control, not a solver; every phase runs and scores it as control:{choice}"
        )
    known = sorted(p.stem for p in folder.glob("*.yaml"))
    if choice not in known:
        raise BugladderError(f"{group}={choice}: unknown {group}; {folder} has {', '.join(known)}")
