"""resolve: compose a phase's configuration, check every plug and setting in it, write data/<phase>/config.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bugladder import config
from bugladder.analysis.settings import AnalysisRules, PhasePlan, PriceTable
from bugladder.composing import compose_phase, read_params
from bugladder.grading.settings import GradingSettings
from bugladder.records import BugladderError
from bugladder.running.entry import run_stage
from bugladder.running.items import BatchSettings
from bugladder.scoring.scores import ScoringSettings
from bugladder.scoring.split import SplitSettings

_SETTINGS: dict[str, type[Any]] = {
    "phase": PhasePlan,
    "executor": BatchSettings,
    "split": SplitSettings,
    "grading": GradingSettings,
    "scoring": ScoringSettings,
    "analysis": AnalysisRules,
    "prices": PriceTable,
}


def check(whole: Mapping[str, Any], choices: Mapping[str, str]) -> None:
    """Build everything that the configuration describes, so that an error names its file before any work.

    Raises:
        BugladderError: an unknown key or a wrong type.
    """
    for group in ("dataset", "solver", "sandbox"):
        node = {k: v for k, v in whole[group].items() if (group, k) != ("sandbox", "slots")}
        config.build(node, where=f"conf/{group}/{choices[group]}.yaml: {group}")
    for group, cls in _SETTINGS.items():
        node = {k: v for k, v in whole[group].items() if (group, k) != ("executor", "name")}
        config.build(node, cls, f"conf/{group}/{choices.get(group, 'default')}.yaml: {group}")
    for key in ("test_timeout_s", "instance_timeout_s"):
        if not isinstance(whole["limits"].get(key), int | float):
            raise BugladderError(f"conf/config.yaml: limits.{key} should be a number of seconds")


def main(argv: Sequence[str]) -> None:
    """Resolve one phase: `python -m stages.resolve PHASE`."""
    (phase,) = argv
    params = read_params()
    whole = compose_phase(phase, params)
    check(whole, {**params, "phase": phase})
    path = config.resolved_path(phase)
    path.parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(yaml.safe_dump(whole, sort_keys=True, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    run_stage(main)
