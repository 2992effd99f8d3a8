"""Composes Hydra's groups into one phase's resolved configuration, with errors that name the key and the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bugladder.records import BugladderError

CONF = Path("conf")
_CONTROL_NAMES = {"reference", "inert"}
_GROUP_KEYS = ("dataset", "solver", "sandbox", "executor")


def read_params(path: Path = Path("params.yaml")) -> dict[str, Any]:
    """params.yaml as a dict.

    Raises:
        BugladderError: a key that no stage knows, or a missing one.
    """
    params: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = {"phases", *_GROUP_KEYS, "files", "overrides"}
    for key in [*params, *known]:
        if key not in known:
            raise BugladderError(f"{path}: key {key!r} is unknown; known: {', '.join(sorted(known))}")
        if key not in params:
            raise BugladderError(f"{path}: key {key!r} is missing")
    return params


def compose_phase(phase: str, params: Mapping[str, Any], conf: Path = CONF) -> dict[str, Any]:
    """The resolved configuration of a phase, with the sizes of the phases below it as `plan`.

    Raises:
        BugladderError: an unknown choice or key, or an override that cannot be read.
    """
    whole = compose_overrides([f"phase={phase}", *params_overrides(params)], conf)
    return {**whole, "plan": plan_of(whole["phase"]["name"], conf)}


def params_overrides(params: Mapping[str, Any]) -> list[str]:
    """What params.yaml says, as Hydra overrides: the choice of each group, then the free ones."""
    return [*(f"{group}={params[group]}" for group in _GROUP_KEYS), *params["overrides"]]


def compose_overrides(overrides: Sequence[str], conf: Path = CONF) -> dict[str, Any]:
    """Compose conf/config.yaml with Hydra overrides, as plain nested dicts."""
    for override in overrides:
        _check_choice(override, conf)
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(conf.resolve())):
            config = compose("config", overrides=list(overrides))
            OmegaConf.resolve(config)
    except (HydraException, ConfigCompositionException, OverrideParseException, OmegaConfBaseException) as error:
        raise BugladderError(f"{conf / 'config.yaml'}: {one_line(error)}") from error
    whole: dict[str, Any] = OmegaConf.to_container(config, throw_on_missing=True)
    return whole


def plan_of(phase: str, conf: Path = CONF) -> list[dict[str, Any]]:
    """Names and sizes of the phases up to and including `phase`, smallest first."""
    plan: list[dict[str, Any]] = []
    name: str | None = phase
    while name is not None:
        node = yaml.safe_load((conf / "phase" / f"{name}.yaml").read_text(encoding="utf-8"))
        plan.insert(0, {"name": name, "size": node["size"]})
        name = node["previous"]
    return plan


def one_line(error: Exception) -> str:
    """The cause of a composition error on one line, the override in it."""
    cause = error.__cause__ if error.__cause__ is not None and "override" not in str(error) else error
    words = " ".join(str(error).split())
    more = " ".join(str(cause).split()) if cause is not error else ""
    return f"{words} {more}".strip()


def _check_choice(override: str, conf: Path) -> None:
    """An unknown choice of a group is said with the known ones; a control is no solver."""
    group, _, choice = override.partition("=")
    folder = conf / group
    if "." in group or not folder.is_dir():
        return
    if group == "solver" and choice in _CONTROL_NAMES:
        raise BugladderError(
            f"solver={choice}: {choice} is a control, not a solver; every phase runs and scores it as control:{choice}"
        )
    known = sorted(p.stem for p in folder.glob("*.yaml"))
    if choice not in known:
        raise BugladderError(f"{group}={choice}: unknown {group}; {folder} has {', '.join(known)}")
