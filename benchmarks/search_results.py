"""What the solver resolved, by origin and by operator, and where public evidence misled it.

python benchmarks/search_results.py PHASE [PHASE ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd


def main() -> None:
    """Print, per phase, one row per origin and one per planting operator."""
    for phase in sys.argv[1:]:
        folder = Path("data", phase)
        scores = pd.read_parquet(folder / "scores.parquet")
        scores = scores[~scores.arm.str.startswith("control:")]
        rows = scores.merge(pd.read_parquet(folder / "instances.parquet")[["instance_id", "origin", "operator"]])
        tasks = pd.read_parquet(folder / "tasks.parquet")
        rows["has_public"] = rows.instance_id.map(tasks.set_index("instance_id").public_fail_to_pass.map(len)) > 0
        _table(phase, "origin", rows)
        _table(phase, "operator", rows[rows.operator.notna()])


def _table(phase: str, by: str, rows: pd.DataFrame) -> None:
    heads = (
        "graded",
        "with a public failing test",
        "patch handed in",
        "resolved",
        "passes public, fails hidden",
        "mean gap",
    )
    print(f"\n| {phase}: {by} | " + " | ".join(heads) + " |\n|" + "---|" * (len(heads) + 1))
    for value, group in [*rows.groupby(by), ("all", rows)]:
        graded = group[group.resolved.notna()]
        handed = graded[graded.verdict != "no_patch"]
        misled = handed[(handed.public_rate == 1.0) & (handed.hfs < 1.0)]
        gaps = graded.overfit_gap.dropna()
        gap = f"{gaps.mean():.3f} (n {len(gaps)})" if len(gaps) else "none"
        resolved = int(graded.resolved.astype(bool).sum())
        cells = (value, len(graded), int(graded.has_public.sum()), len(handed), resolved, len(misled), gap)
        print("| " + " | ".join(str(c) for c in cells) + " |")


if __name__ == "__main__":
    main()
