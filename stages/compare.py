"""compare: run arms side by side on one phase (Hydra multirun over the same store) and write compare.md and .json.

`python -m stages.compare -m solver=no_op,search phase=p1`; `compare.name=...` names the folder below reports/compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from bugladder import config
from bugladder.analysis import Analysis, AnalysisRules, PhaseTables, analyze, compare
from bugladder.composing import compose_overrides, one_line, plan_of
from bugladder.records import BugladderError
from bugladder.reporting.compare_page import compare_page
from bugladder.reporting.render import render_markdown
from bugladder.rows import instance_row
from bugladder.running.entry import run_stage
from bugladder.tracking import TrackedResult, git_commit, track
from stages.analyze import settings_of
from stages.control import control
from stages.outputs import write, write_json
from stages.resolve import check
from stages.run import run
from stages.score import score
from stages.select import select

Arm = tuple[dict[str, Any], Analysis]


def combinations(arguments: Sequence[str]) -> list[list[str]]:
    """Every combination of the overrides' choices, as Hydra's basic sweeper makes them.

    Raises:
        BugladderError: an override that Hydra's grammar does not know.
    """
    try:
        overrides = OverridesParser.create().parse_overrides([a for a in arguments if a not in {"-m", "--multirun"}])
    except HydraException as error:
        raise BugladderError(f"compare: {one_line(error)}") from error
    return [list(c) for c in product(*(_choices(o) for o in overrides))]


def _choices(override: Any) -> list[str]:
    if not override.is_sweep_override():
        return [override.input_line]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def climb(overrides: Sequence[str]) -> Arm:
    """One arm through select, control, run, score and analyze in memory; it obeys no decision, and caps hold."""
    whole = compose_overrides(overrides)
    phase = whole["phase"]["name"]
    whole["plan"] = plan_of(phase)
    check(whole, dict(o.split("=", 1) for o in overrides))
    part = {
        stage: config.slice_of(whole, stage, "compare") for stage in ("select", "control", "run", "score", "analyze")
    }
    instances, shares = select(part["select"])
    found = {"instances": [instance_row(i) for i in instances]}
    found |= control(part["control"], found["instances"], None, f"control@compare-{phase}")
    found |= run(part["run"], found["tasks"], None, f"run@compare-{phase}")
    found["outcomes"], found["scores"] = score(part["score"], found, f"score@compare-{phase}")
    return whole, analyze(PhaseTables(**found, selection_shares=shares), settings_of(part["analyze"]))


def arm_names(arms: Sequence[Arm]) -> list[str]:
    """The solvers' names; with the start of the arm's digest where two arms share one."""
    names = [str(whole["solver"]["name"]) for whole, _ in arms]
    return [
        n if names.count(n) == 1 else f"{n}-{a.metrics['arm_digest'][:8]}"
        for n, (_, a) in zip(names, arms, strict=True)
    ]


def remember(named: Mapping[str, Arm], folder: Path) -> None:
    """One MLflow run per arm, with the comparison as its artifact."""
    for name, (whole, found) in named.items():
        facts = {k: str(found.metrics[k]) for k in ("phase", "dataset", "arm", "arm_digest")}
        commit = {"mlflow.source.git.commit": git_commit(Path.cwd()), "obeys": "none: comparison"}
        result = TrackedResult(
            name=f"compare {found.metrics['phase']} {name}",
            experiment=f"{whole['tracking']['experiment']}-compare",
            metrics=found.metrics,
            config=whole,
            dataset=found.metrics["dataset"],
            data_hash=found.metrics["data_hash"],
            artifacts=(folder / "compare.md", folder / "compare.json"),
            tags={**facts, **commit},
        )
        track(result, Path(".bugladder"))


def main(argv: Sequence[str]) -> None:
    """Compare arms: `python -m stages.compare -m solver=no_op,search phase=p1`."""
    arms = [climb(overrides) for overrides in combinations(argv)]
    phases = sorted({str(whole["phase"]["name"]) for whole, _ in arms})
    if len(phases) > 1:
        raise BugladderError(f"compare: arms of {' and '.join(phases)} cannot be paired; name one phase")
    named = dict(zip(arm_names(arms), arms, strict=True))
    whole = arms[0][0]
    name = whole["compare"]["name"] or "-".join([*phases, *named])
    rules = config.build(whole["analysis"], AnalysisRules, "analysis")
    comparison = compare({n: found for n, (_, found) in named.items()}, rules.interval)
    folder = Path("reports", "compare", name)
    write_json(folder / "compare.json", comparison)
    write(folder / "compare.md", render_markdown(compare_page(comparison, name), "figures"))
    remember(named, folder)
    print(f"comparison: {folder}/compare.md")


if __name__ == "__main__":
    run_stage(main)
