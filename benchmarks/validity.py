"""What the controls of a phase found, by repository: how many instances are valid, why others are not, and seconds.

python benchmarks/validity.py PHASE [PHASE ...]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pandas as pd

_FIXES_NOTHING = ["no_op", "inert"]


def main() -> None:
    """Print one table per phase, the instances that are not valid, and whether the controls score as they should."""
    for phase in sys.argv[1:]:
        runs = pd.read_parquet(Path("data", phase, "controls.parquet"))
        runs["repository"] = runs.instance_id.str.rpartition("-")[0]
        print(
            f"\n| {phase} | instances | valid | split, blind | ids that left | s of one run: median, most | s in all |"
        )
        print("|---|---|---|---|---|---|---|")
        for name, group in [*runs.groupby("repository"), ("all", runs)]:
            print(f"| {name} | {_cells(group)} |")
        first = runs.groupby("instance_id").first()
        for row in first[~first.valid.fillna(value=False)].itertuples():
            print(f"not valid: {row.Index}: {row.reason}")
        scores = Path("data", phase, "scores.parquet")
        if scores.exists():
            print(_controls(pd.read_parquet(scores)))


def _cells(runs: pd.DataFrame) -> str:
    first = runs.groupby("instance_id").first()
    protocols = Counter(first[first.valid.fillna(value=False)].protocol)
    left = sum(len(json.loads(text)) for text in first.left)
    seconds = runs[runs.repeat > 0].seconds
    cells = (
        len(first),
        int(first.valid.fillna(value=False).sum()),
        f"{protocols['split']}, {protocols['blind']}",
        left,
        f"{seconds.median():.1f}, {seconds.max():.1f}",
        f"{runs.seconds.sum():.0f}",
    )
    return " | ".join(str(c) for c in cells)


def _controls(scores: pd.DataFrame) -> str:
    arms = {name: scores[scores.arm == f"control:{name}"] for name in ("no_op", "inert", "reference")}
    wrong = sum(int(arms[name].resolved.astype(bool).sum()) for name in _FIXES_NOTHING)
    right = int(arms["reference"].resolved.astype(bool).sum())
    n = len(arms["reference"])
    return f"controls: reference resolved on {right} of {n}, no_op or inert on {wrong} of {2 * n}"


if __name__ == "__main__":
    main()
