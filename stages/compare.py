"""compare: run arms side by side on one phase (Hydra multirun over the same store) and write compare.md and .json.

`python -m stages.compare -m solver=no_op,search phase=p1`; `compare.name=...` names the folder below reports/compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bugladder import config
from bugladder.analysis.comparison import compare
from bugladder.analysis.settings import AnalysisRules
from bugladder.composing import combinations
from bugladder.config.entry import run_stage
from bugladder.config.files import write, write_json
from bugladder.records import BugladderError
from bugladder.reporting.compare_page import compare_page
from bugladder.reporting.render import render_markdown
from stages.arm import Arm, climb, remember


def arm_names(arms: Sequence[Arm]) -> list[str]:
    """The solvers' names; with the start of the arm's digest where two arms share one."""
    names = [str(whole["solver"]["name"]) for whole, _ in arms]
    return [
        n if names.count(n) == 1 else f"{n}-{a.metrics['arm_digest'][:8]}"
        for n, (_, a) in zip(names, arms, strict=True)
    ]


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
