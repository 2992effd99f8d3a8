"""Composes Hydra's groups into one phase's resolved configuration, with errors that name the key and the file."""

from __future__ import annotations

import re
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
_GROUP_KEYS = ("dataset", "solver", "model", "sandbox", "executor")
_REFUSALS = (HydraException, ConfigCompositionException, OverrideParseException, OmegaConfBaseException, yaml.YAMLError)


def read_params(path: Path = Path("params.yaml")) -> dict[str, Any]:
    """params.yaml as a dict.

    Raises:
        BugladderError: no mapping, a key that no stage knows, a missing one, or overrides that are no list of texts.
    """
    try:
        params = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BugladderError(f"{path}: {one_line(error)}") from error
    if not isinstance(params, dict):
        raise BugladderError(f"{path}: should be a mapping with the keys phases, dataset, solver, ...")
    known = {"phases", *_GROUP_KEYS, "files", "overrides"}
    for key in [*params, *known]:
        if key not in known:
            raise BugladderError(f"{path}: key {key!r} is unknown; known: {', '.join(sorted(known))}")
        if key not in params:
            raise BugladderError(f"{path}: key {key!r} is missing")
    overrides = params["overrides"]
    if not (isinstance(overrides, list) and all(isinstance(o, str) for o in overrides)):
        raise BugladderError(f"{path}: key 'overrides' should be a list of texts such as 'seed=1', got {overrides!r}")
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
            whole: dict[str, Any] = OmegaConf.to_container(config, throw_on_missing=True)
    except OverrideParseException as error:
        raise BugladderError(f"override {error.override}: {one_line(error)}") from error
    except _REFUSALS as error:
        raise BugladderError(_unknown_key(error, overrides, conf) or f"{conf}: {one_line(error)}") from error
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


def _unknown_key(error: Exception, overrides: Sequence[str], conf: Path) -> str | None:
    """What to say of an override of a key that is not there: its node's known keys; None for another error."""
    found = re.search(r"Could not override '([^']+)'", str(error))
    if found is None:
        return None
    override = next((o for o in overrides if o.startswith(f"{found[1]}=")), found[1])
    # without the overrides of single keys the rest composes, and shows which keys there are
    node: Any = compose_overrides([o for o in overrides if _is_choice(o, conf)], conf)
    where, wanted = [], found[1].split(".")
    while len(wanted) > 1 and isinstance(node.get(wanted[0]), Mapping):
        where.append(wanted.pop(0))
        node = node[where[-1]]
    if wanted[0] in node:
        return f"override {override}: {'.'.join([*where, wanted[0]])} is a value, not a group of keys"
    place = ".".join(where) or "the configuration"
    return f"override {override}: {place} has no key {wanted[0]!r}; known: {', '.join(sorted(node))}"


def _is_choice(override: str, conf: Path) -> bool:
    group = override.partition("=")[0]
    return bool(group) and "." not in group and (conf / group).is_dir()


def _check_choice(override: str, conf: Path) -> None:
    """An unknown choice of a group is said with the known ones; a control is no solver."""
    group, _, choice = override.partition("=")
    folder = conf / group
    if not _is_choice(override, conf):
        return
    if group == "solver" and choice in _CONTROL_NAMES:
        raise BugladderError(
            f"solver={choice}: {choice} is a control, not a solver; every phase runs and scores it as control:{choice}"
        )
    known = sorted(p.stem for p in folder.glob("*.yaml"))
    if choice not in known:
        raise BugladderError(f"{group}={choice}: unknown {group}; {folder} has {', '.join(known)}")
