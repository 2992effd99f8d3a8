"""Decides what params.yaml may say: the choice of each group, the files from outside, free overrides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bugladder.records import BugladderError

GROUP_KEYS = ("dataset", "solver", "model", "sandbox", "executor")
_KNOWN = {"phases", *GROUP_KEYS, "files", "overrides"}


def read_params(path: Path = Path("params.yaml")) -> dict[str, Any]:
    """params.yaml as a dict.

    Raises:
        BugladderError: no mapping, a key that no stage knows, a missing one, files without a path, or overrides that
            are no list of texts.
    """
    try:
        params = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BugladderError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(params, dict):
        raise BugladderError(f"{path}: should be a mapping with the keys phases, dataset, solver, ...")
    for key in [*params, *_KNOWN]:
        if key not in _KNOWN:
            raise BugladderError(f"{path}: key {key!r} is unknown; known: {', '.join(sorted(_KNOWN))}")
        if key not in params:
            raise BugladderError(f"{path}: key {key!r} is missing")
    overrides = params["overrides"]
    if not (isinstance(overrides, list) and all(isinstance(o, str) for o in overrides)):
        raise BugladderError(f"{path}: key 'overrides' should be a list of texts such as 'seed=1', got {overrides!r}")
    _check_files(params["files"], path)
    return params


def _check_files(files: Any, path: Path) -> None:
    if not isinstance(files, dict):
        raise BugladderError(f"{path}: key 'files' should map names to paths, got {files!r}")
    for name, value in files.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            raise BugladderError(f"{path}: files: name {name!r} should be small letters, digits and underscores")
        if not (isinstance(value, str) and value.strip()):
            raise BugladderError(f"{path}: files.{name} should be the path of a file, got {value!r}")


def params_overrides(params: Mapping[str, Any]) -> list[str]:
    """What params.yaml says, as Hydra overrides: the choice of each group, the files, then the free ones."""
    files = [f"++files.{name}={_quoted(path)}" for name, path in params["files"].items()]
    return [*(f"{group}={params[group]}" for group in GROUP_KEYS), *files, *params["overrides"]]


def _quoted(path: str) -> str:
    """A path as a text of Hydra's grammar, where a backslash is one, but for those before a quote."""
    escaped = re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), path)
    return f"'{escaped}'"
