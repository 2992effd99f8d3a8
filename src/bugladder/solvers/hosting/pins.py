"""Decides what an agent may be installed from, and where that would show it the answer."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from bugladder.records import BugladderError, Task


def pins_by_name(requirements: Iterable[str]) -> dict[str, str]:
    """Each full pin by its canonical name.

    Raises:
        BugladderError: one is no full pin.
    """
    found: dict[str, str] = {}
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise BugladderError(f"requirements: {text!r} is none ({error})") from error
        if [s.operator for s in requirement.specifier] != ["=="] or "*" in str(requirement.specifier):
            raise BugladderError(f"requirements: {text!r} should be a full pin, name==version")
        found[canonicalize_name(requirement.name)] = text
    return found


def twin_of(task: Task, requirements: tuple[str, ...]) -> str:
    """The pin of a release of the very library under repair, "" for none: a later one holds the fix."""
    pins = pins_by_name(requirements)
    own = {task.repo.rpartition("/")[2], getattr(task.environment.source, "name", "")}
    return next((pins[name] for name in map(canonicalize_name, own) if name in pins), "")
