"""Composes a phase's configuration, hands each stage only its declared slice, and builds plugs and settings from it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from bugladder.config.contents import with_contents
from bugladder.config.ranges import check_ranges
from bugladder.records import BugladderError, canonical_json, sha256_text

T = TypeVar("T")
Node = Mapping[str, Any]

# What each stage may read of the resolved configuration: resolve writes these keys alone to a file of the stage's own.
SLICES: dict[str, tuple[str, ...]] = {
    "select": ("dataset", "selection", "plan", "seed"),
    "control": ("dataset.name", "sandbox", "executor", "split", "grading", "limits", "seed", "ladder", "phase.workers"),
    "run": (
        "dataset.name",
        "solver",
        "model",
        "prices",
        "sandbox",
        "executor",
        "limits",
        "seed",
        "ladder",
        "phase.workers",
        "phase.budget_usd",
    ),
    "score": ("solver.name", "sandbox", "executor", "grading", "scoring", "limits", "seed", "phase.workers"),
    "analyze": ("phase", "dataset.name", "solver", "model", "limits", "scoring", "analysis", "prices", "ladder"),
}


def resolved_path(phase: str) -> Path:
    """Where a phase's resolved configuration stands."""
    return Path("data", phase, "config.yaml")


def slice_path(phase: str, stage: str) -> Path:
    """Where resolve writes the slice of a stage, which is the only part of the configuration that it depends on."""
    return Path("data", phase, "slices", f"{stage}.yaml")


def load(phase: str, stage: str) -> dict[str, Any]:
    """The declared slice of a phase's resolved configuration, as nested dicts.

    Raises:
        BugladderError: the phase was not resolved, or its slice is no mapping.
    """
    path = slice_path(phase, stage)
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BugladderError(f"{path}: phase {phase!r} is not resolved; run `dvc repro resolve@{phase}`") from error
    if not isinstance(found, dict):
        raise BugladderError(f"{path}: should be a mapping; run `dvc repro -f resolve@{phase}`")
    return found


def slice_of(whole: Node, stage: str, where: str) -> dict[str, Any]:
    """Only the keys that `stage` declares.

    Raises:
        BugladderError: a declared key is absent; names it and where it should stand.
    """
    found: dict[str, Any] = {}
    for key in SLICES[stage]:
        node: Any = whole
        target = found
        *parents, last = key.split(".")
        for part in parents:
            node, target = node.get(part, {}), target.setdefault(part, {})
        if last not in node:
            raise BugladderError(f"{where}: key {key!r} is missing; run the resolve stage again")
        target[last] = node[last]
    return found


def build(node: Node, cls: type[T] | None = None, where: str = "config") -> T:
    """Build a plug from its `_target_`, or a settings dataclass `cls`, from a configuration node.

    Every target must be a dataclass of this project; unknown keys and wrong types are errors.

    Args:
        node: the mapping; `_target_` is needed where `cls` is not given, `name` is allowed beside it.
        cls: a frozen dataclass.
        where: the key or file that errors name.

    Raises:
        BugladderError: names the key, what is wrong and what would be right; also for a number out of its range.
    """
    values = {k: v for k, v in node.items() if k != "_target_"}
    target: Any = cls if cls is not None else _import(str(node.get("_target_", "")), where)
    _refuse_unknown(target, values, where)
    try:
        built: T = TypeAdapter(target).validate_python(values)
    except BugladderError as error:  # a setting's own rule
        raise BugladderError(f"{where}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([where, *(str(p) for p in first["loc"])])
        raise BugladderError(f"{key}: {first['msg']} (got {first['input']!r})") from error
    check_ranges(built, where)
    return built


def arm_digest(node: Node) -> str:
    """Digest of the arm under comparison: solver, model and limits; the price of a model is no part of it.

    What the solver or the model takes from outside counts by its content, whatever it is called.

    Raises:
        BugladderError: that cannot be read.
    """
    arm = {"limits": node["limits"], **{key: with_contents(node[key]) for key in ("solver", "model")}}
    return sha256_text(canonical_json(arm))


def _import(target: str, where: str) -> type:
    if not target.startswith("bugladder."):
        raise BugladderError(f"{where}._target_: {target or 'absent'!r} should be a class of bugladder")
    module, _, name = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise BugladderError(f"{where}._target_: {target!r} cannot be imported ({error})") from error
    if not (isinstance(found, type) and is_dataclass(found)):
        raise BugladderError(f"{where}._target_: {target!r} is no plug; it should be a dataclass")
    return found


def _refuse_unknown(cls: Any, values: Node, where: str) -> None:
    """Unknown keys, nested dataclasses and lists of them included: pydantic passes over them for plain dataclasses."""
    known = {f.name for f in fields(cls)}
    hints = get_type_hints(cls)
    for key, value in values.items():
        if key not in known:
            raise BugladderError(f"{where}.{key}: unknown key; known: {', '.join(sorted(known))}")
        inner = next((c for c in (hints[key], *get_args(hints[key])) if is_dataclass(c)), None)
        nodes = value if isinstance(value, list) else [value]
        for node in nodes if inner is not None else ():
            if isinstance(node, Mapping) and not (inner is not hints[key] and isinstance(value, Mapping)):
                _refuse_unknown(inner, node, f"{where}.{key}")
