"""track: remember a phase's result as one MLflow run per distinct result, write data/<phase>/mlflow.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bugladder import config
from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import read_json, write_json
from bugladder.records import tables
from bugladder.traces import instance_traces
from bugladder.tracking import TrackedResult, flatten, identity_tags, track

FOLDER = Path(".bugladder")


def tracked_result(resolved: Mapping[str, Any], reports: Path, data: Path) -> TrackedResult:
    """What MLflow is to remember of the reports in a folder, and of the calls in data/<phase> where traces are on."""
    metrics, decision = (read_json(reports / f"{name}.json", "analyze") for name in ("metrics", "decision"))
    store = {f"store.{name}": str(count) for name, count in flatten(metrics["store"]).items()}
    rows = (tables.read(t, data / f"{t.name}.parquet") for t in (tables.CALLS, tables.TRANSCRIPTS))
    names = ("report.md", "report.html", "metrics.json", "decision.json", "figures", "tables")
    return TrackedResult(
        name=f"{metrics['phase']} {metrics['arm']}",
        experiment=resolved["tracking"]["experiment"],
        metrics=metrics,
        config=resolved,
        dataset=metrics["dataset"],
        data_hash=metrics["data_hash"],
        dataset_identity=metrics["dataset_identity"],
        artifacts=tuple(reports / name for name in names),
        tags={
            **identity_tags(metrics, Path.cwd()),
            "decision": decision["decision"],
            "mlflow.note.content": decision["sentence"],
            **store,
        },
        traces=instance_traces(*rows) if resolved["tracking"]["traces"] else (),
    )


def main(argv: Sequence[str]) -> None:
    """Track one phase: `python -m stages.track PHASE`."""
    (phase,) = arguments(argv, "PHASE")
    resolved = yaml.safe_load(config.resolved_path(phase).read_text(encoding="utf-8"))
    result = tracked_result(resolved, Path("reports", phase), Path("data", phase))
    run = track(result, FOLDER)
    value = {"experiment": result.experiment, "run_id": run.run_id, "digest": result.digest, "database": "mlflow.db"}
    write_json(Path("data", phase, "mlflow.json"), value)
    print(f"MLflow run {run.run_id}: {'new' if run.is_new else 'known already'}, {run.seconds:.1f} s")


if __name__ == "__main__":
    run_stage(main)
