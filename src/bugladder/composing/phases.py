"""Composes what a phase runs: the groups' choices, overrides over them, and the sizes of the phases below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bugladder.composing.outside import check_names, check_overrides
from bugladder.composing.params import params_overrides
from bugladder.composing.refusals import check_choice, is_choice, one_line, refused_key, unknown_key
from bugladder.records import BugladderError

CONF = Path("conf")
# Phases hold each other, so these are read from the files of several at once.
_OF_THE_LADDER = ("phase.name", "phase.previous", "phase.size")
_REFUSALS = (HydraException, ConfigCompositionException, OverrideParseException, OmegaConfBaseException, yaml.YAMLError)


def compose_phase(phase: str, params: Mapping[str, Any], conf: Path = CONF) -> dict[str, Any]:
    """The resolved configuration of a phase, with the sizes of the phases below it as `plan`.

    Raises:
        BugladderError: an unknown choice or key, an override that cannot be read or that names a file from outside,
            or a file that no choice reads.
    """
    check_names(params["files"], conf)
    for override in params["overrides"]:
        key = override.lstrip("+~").partition("=")[0]
        if key.startswith("files."):
            raise BugladderError(f"override {override}: a file from outside is named in params.yaml, under files")
        if key in _OF_THE_LADDER:
            where = f"conf/phase/{phase}.yaml"
            raise BugladderError(f"override {override}: it stands in {where}, where the phases above read it as well")
    whole = compose_overrides([f"phase={phase}", *params_overrides(params)], conf)
    return {**whole, "plan": plan_of(whole["phase"]["name"], conf)}


def compose_overrides(overrides: Sequence[str], conf: Path = CONF) -> dict[str, Any]:
    """Compose conf/config.yaml with Hydra overrides, as plain nested dicts.

    Raises:
        BugladderError: an unknown choice or key, or an override that cannot be read or that names a file from outside
            other than by its name below `files`.
    """
    for override in overrides:
        check_choice(override, conf)
    try:
        config = _composed(overrides, conf)
        whole = _plain(config)
        singles = [o for o in overrides if not _is_bare(o, conf)]
        if singles:
            check_overrides(singles, OmegaConf.to_container(_bare(overrides, conf)))
    except OverrideParseException as error:
        raise BugladderError(f"override {error.override}: {one_line(error)}") from error
    except _REFUSALS as error:
        key = refused_key(error)
        if key is None:
            raise BugladderError(f"{conf}: {one_line(error)}") from error
        raise BugladderError(unknown_key(key, overrides, _plain(_bare(overrides, conf)))) from error
    return whole


def _bare(overrides: Sequence[str], conf: Path) -> DictConfig:
    """The configuration without overrides of single keys: it composes, and shows which keys there are."""
    return _composed([o for o in overrides if _is_bare(o, conf)], conf)


def _is_bare(override: str, conf: Path) -> bool:
    return is_choice(override, conf) or override.lstrip("+").startswith("files.")


def _composed(overrides: Sequence[str], conf: Path) -> DictConfig:
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(conf.resolve())):
        return compose("config", overrides=list(overrides))


def _plain(config: DictConfig) -> dict[str, Any]:
    OmegaConf.resolve(config)
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
