"""Checks a resolved configuration as a whole: every plug builds, every setting is known and has its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Strict

from bugladder import config
from bugladder.analysis.settings import AnalysisRules, PhasePlan
from bugladder.grading.settings import GradingSettings
from bugladder.records import BugladderError
from bugladder.records.prices import PriceTable
from bugladder.records.ranges import Count, Seconds
from bugladder.records.weights import ScoringSettings
from bugladder.running.items import BatchSettings
from bugladder.scoring.split import SplitSettings
from bugladder.selection.phases import SelectionSettings

_StrictSeconds = Annotated[Seconds, Strict()]


# The stages read the values below as they stand in the file, so that a quoted "no" must not pass for a boolean.
@dataclass(frozen=True)
class _Limits:
    test_timeout_s: _StrictSeconds
    instance_timeout_s: _StrictSeconds


@dataclass(frozen=True)
class _Ladder:
    enforce: Annotated[bool, Strict()]


@dataclass(frozen=True)
class _Compare:
    name: str | None


@dataclass(frozen=True)
class _Tracking:
    experiment: str
    traces: Annotated[bool, Strict()]


@dataclass(frozen=True)
class _Root:
    """What stands in conf/config.yaml itself."""

    seed: Annotated[Count, Strict()]
    ladder: _Ladder
    limits: _Limits
    compare: _Compare
    files: dict[str, str]


@dataclass(frozen=True)
class _Selection(SelectionSettings):
    strategy: Literal["stratified", "representative", "random", "all", "file"] = "stratified"
    ids: str = ""


@dataclass(frozen=True)
class _Executor(BatchSettings):
    name: Literal["threads"] = "threads"


_PLUGS = ("dataset", "solver", "model", "sandbox")
_SETTINGS: dict[str, type[Any]] = {
    "phase": PhasePlan,
    "selection": _Selection,
    "executor": _Executor,
    "split": SplitSettings,
    "grading": GradingSettings,
    "scoring": ScoringSettings,
    "analysis": AnalysisRules,
    "prices": PriceTable,
    "tracking": _Tracking,
}


def check(whole: Mapping[str, Any], choices: Mapping[str, str]) -> None:
    """Build everything that the configuration describes, so that an error names its file before any work.

    Args:
        whole: the resolved configuration, with or without the phase's `plan`.
        choices: the choice by group, where it is not "default".

    Raises:
        BugladderError: an unknown key, a missing one or a wrong type.
    """
    for group in (*_PLUGS, *_SETTINGS):
        where = f"conf/{group}/{choices.get(group, 'default')}.yaml: {group}"
        config.build(_node(whole, group, where), _SETTINGS.get(group), where)
    groups = {*_PLUGS, *_SETTINGS, "plan"}
    config.build({k: v for k, v in whole.items() if k not in groups}, _Root, "conf/config.yaml: config")


def _node(whole: Mapping[str, Any], group: str, where: str) -> dict[str, Any]:
    """A group's values without `slots`, which stand beside the sandbox's own and are for whoever opens it."""
    node = dict(whole[group])
    slots = node.pop("slots", None) if group == "sandbox" else None
    if slots is not None and (type(slots) is not int or slots < 1):
        raise BugladderError(f"{where}.slots: should be a number of sandboxes from 1 on, got {slots!r}")
    if group == "executor":
        node["workers"] = whole["phase"]["workers"]
    return node
