"""How often `resolved` agrees with what was published, on patches that others made.

    python benchmarks/published.py draw PUBLISHED PHASE FOLDER [--n 260] [--seed 20261122]
    (for each file of FOLDER: .venv/bin/dvc exp run -S solver=predictions -S files.predictions=FOLDER/<model>.jsonl
     score@PHASE, then keep data/PHASE/scores.parquet as FOLDER/<model>.parquet)
    python benchmarks/published.py agree PUBLISHED FOLDER

PUBLISHED holds instance_id, model_name_or_path, model_patch and resolved (the published verdict). `draw` takes, by
seed and before anything is graded, patches on the instances that the phase's controls found valid: one of each model
and repository first, then any. `agree` prints a table by repository and one line for each disagreement.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import pandas as pd

_FIELDS = ["instance_id", "model_name_or_path", "model_patch"]


def draw(published: Path, phase: str, folder: Path, n: int, seed: int) -> None:
    """Write one file of drawn predictions for each model."""
    valid = pd.read_parquet(Path("data", phase, "answers.parquet")).instance_id
    rows = pd.read_parquet(published)
    rows = rows[rows.instance_id.isin(valid) & (rows.model_patch.fillna("").str.strip() != "")]
    rows = rows.sort_values(["instance_id", "model_name_or_path"])
    order = list(rows.index)
    random.Random(seed).shuffle(order)
    shuffled = rows.loc[order]
    first = shuffled.groupby([_repository(shuffled), shuffled.model_name_or_path]).head(1).index
    drawn = shuffled.loc[[*first, *(i for i in order if i not in set(first))][:n]]
    folder.mkdir(parents=True, exist_ok=True)
    for model, of_model in drawn.groupby("model_name_or_path"):
        lines = of_model.sort_values("instance_id")[_FIELDS].to_json(orient="records", lines=True)
        (folder / f"{model}.jsonl").write_text(lines, encoding="utf-8")
    print(f"drawn {len(drawn)} of {len(rows)} patches on {valid.nunique()} valid instances, seed {seed}")


def agree(published: Path, folder: Path) -> None:
    """Print agreement by repository and model, and every disagreement with our reason."""
    rows = pd.read_parquet(published).drop(columns=["model_patch"])
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        drawn = {json.loads(line)["instance_id"] for line in file.read_text(encoding="utf-8").splitlines()}
        scores = pd.read_parquet(file.with_suffix(".parquet"))
        scores = scores[~scores.arm.str.startswith("control:") & scores.instance_id.isin(drawn)]
        found.append(
            scores.merge(rows[rows.model_name_or_path == file.stem], on="instance_id", suffixes=("", "_there"))
        )
    both = pd.concat(found, ignore_index=True)
    both["repository"] = _repository(both)
    both["graded"] = both.resolved.notna()
    both["agrees"] = both.graded & (both.resolved == both.resolved_there)
    print("| repository | patches | graded | resolved here | resolved there | agree |\n|---|---|---|---|---|---|")
    for name, group in [*both.groupby("repository"), *both.groupby("model_name_or_path"), ("all", both)]:
        here, there = int(group.resolved.fillna(value=False).sum()), int(group.resolved_there.sum())
        print(f"| {name} | {len(group)} | {group.graded.sum()} | {here} | {there} | {group.agrees.sum()} |")
    for row in both[~both.agrees].itertuples():
        print(
            f"{row.instance_id} {row.model_name_or_path}: here {row.resolved}, there {row.resolved_there}: {row.reason}"
        )


def _repository(rows: pd.DataFrame) -> pd.Series[str]:
    return rows.instance_id.str.rpartition("-")[0]


def main() -> None:
    """One of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    drawing = commands.add_parser("draw")
    drawing.add_argument("published", type=Path)
    drawing.add_argument("phase")
    drawing.add_argument("folder", type=Path)
    drawing.add_argument("--n", type=int, default=260)
    drawing.add_argument("--seed", type=int, default=20261122)
    agreeing = commands.add_parser("agree")
    agreeing.add_argument("published", type=Path)
    agreeing.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.command == "draw":
        draw(given.published, given.phase, given.folder, given.n, given.seed)
    else:
        agree(given.published, given.folder)


if __name__ == "__main__":
    main()
