"""One arm of a comparison: a phase climbed in memory over the same store, obeying no decision, kept in MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.analysis.phase_analysis import Analysis, analyze
from bugladder.analysis.settings import PHASE_TABLES, PhaseTables
from bugladder.checking import check
from bugladder.composing import compose_overrides, params_overrides, plan_of, read_params
from bugladder.config.analyzing import analysis_of
from bugladder.records.rows import instance_row
from bugladder.tracking import TrackedResult, identity_tags, track
from stages.control import control
from stages.run import run
from stages.score import score
from stages.select import select

Arm = tuple[dict[str, Any], Analysis]


def climb(overrides: Sequence[str]) -> Arm:
    """One arm through select, control, run, score and analyze in memory; it obeys no decision, and caps hold.

    The overrides are laid over what params.yaml says.
    """
    overrides = [*params_overrides(read_params()), *overrides]
    whole = compose_overrides(overrides)
    phase = whole["phase"]["name"]
    whole["plan"] = plan_of(phase)
    check(whole, dict(o.split("=", 1) for o in overrides))
    part = {s: config.slice_of(whole, s, "compare") for s in ("select", "control", "run", "score", "analyze")}
    instances, selection = select(part["select"])
    found = {"instances": [instance_row(i) for i in instances]}
    found |= control(part["control"], found["instances"], None, f"control@compare-{phase}")
    found |= run(part["run"], found["tasks"], None, f"run@compare-{phase}")
    found["outcomes"], found["scores"] = score(part["score"], found, f"score@compare-{phase}")
    rows = {name: found[name] for name in PHASE_TABLES}
    read = PhaseTables(**rows, selection_shares=selection["shares"], dataset_identity=selection["dataset"])
    return whole, analyze(read, analysis_of(part["analyze"]))


def remember(named: Mapping[str, Arm], folder: Path) -> None:
    """One MLflow run per arm, with the comparison as its artifact."""
    for name, (whole, found) in named.items():
        result = TrackedResult(
            name=f"compare {found.metrics['phase']} {name}",
            experiment=f"{whole['tracking']['experiment']}-compare",
            metrics=found.metrics,
            config=whole,
            dataset=found.metrics["dataset"],
            data_hash=found.metrics["data_hash"],
            dataset_identity=found.metrics["dataset_identity"],
            artifacts=(folder / "compare.md", folder / "compare.json"),
            tags={**identity_tags(found.metrics, Path.cwd()), "obeys": "none: comparison"},
        )
        track(result, Path(".bugladder"))
