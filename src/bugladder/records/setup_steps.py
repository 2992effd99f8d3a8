"""What is done to a fresh checkout before any test runs, the same in every arm: data, not shell."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from bugladder.records.encoding import to_plain, to_tuples
from bugladder.records.terms import BugladderError


@dataclass(frozen=True)
class EditableInstall:
    """Install the checkout as editable, with the environment's own build tools and without dependencies.

    Args:
        env: variables of the installation, for example a pretended version.
    """

    kind: ClassVar[str] = "editable"
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class WheelFiles:
    """Take files out of a pinned wheel into the checkout: the compiled parts of a near release, without a compiler.

    Args:
        name: the distribution.
        version: its version.
        filename: the wheel's, on the package index; it names the platform.
        sha256: its hash.
        take: patterns (fnmatch on the path inside the wheel); what the checkout has already stays.
        into: the folder of the checkout that the wheel's paths are relative to.
    """

    kind: ClassVar[str] = "wheel"
    name: str
    version: str
    filename: str
    sha256: str
    take: tuple[str, ...]
    into: str = "."


@dataclass(frozen=True)
class ReplaceText:
    """Replace a text in a file of the checkout wherever it stands; a file without it stays as it is."""

    kind: ClassVar[str] = "replace"
    path: str
    old: str
    new: str


@dataclass(frozen=True)
class StartUpPatches:
    """Patches that a sitecustomize on PYTHONPATH makes at the interpreter's start.

    Args:
        names: "old_names" gives back what Python 3.9 to 3.11 removed from the standard library; "ast_positions"
            fills in the positions that `compile` has asked for since 3.8.
    """

    kind: ClassVar[str] = "start_up"
    names: tuple[str, ...]


SetupStep = EditableInstall | WheelFiles | ReplaceText | StartUpPatches
STEP_KINDS: dict[str, type[SetupStep]] = {c.kind: c for c in (EditableInstall, WheelFiles, ReplaceText, StartUpPatches)}


def step_to_plain(step: SetupStep) -> dict[str, Any]:
    """A step as JSON-ready values with its kind."""
    return {"kind": step.kind, **to_plain(step)}


def step_of_plain(raw: dict[str, Any]) -> SetupStep:
    """Inverse of `step_to_plain`.

    Raises:
        BugladderError: the kind is unknown, or its settings are not the kind's.
    """
    values = {k: to_tuples(v) for k, v in raw.items() if k != "kind"}
    cls = STEP_KINDS.get(raw.get("kind", ""))
    if cls is None:
        raise BugladderError(f"set-up step {raw.get('kind')!r} is unknown; known: {', '.join(sorted(STEP_KINDS))}")
    known = [f.name for f in fields(cls)]
    for key in values:
        if key not in known:
            raise BugladderError(f"set-up step {cls.kind}: unknown key {key!r}; known: {', '.join(known)}")
    try:
        return cls(**values)
    except TypeError as error:
        raise BugladderError(f"set-up step {cls.kind}: a key is missing; it needs {', '.join(known)}") from error
