"""analyze: read a phase's tables, write metrics.json, decision.json, tables/*.csv and analysis.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.analysis.csv_files import csv_text
from bugladder.analysis.headers import header
from bugladder.analysis.phase_analysis import analyze
from bugladder.analysis.settings import (
    PHASE_TABLES,
    AnalysisRules,
    AnalysisSettings,
    Identity,
    PhasePlan,
    PhaseTables,
)
from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import read_json, write, write_json
from bugladder.records import tables
from bugladder.records.prices import PriceTable
from bugladder.records.weights import ScoringSettings


def settings_of(slice_: Mapping[str, Any]) -> AnalysisSettings:
    """The settings of a reading, from the slice that the stage declares."""
    identity = Identity(
        dataset=slice_["dataset"]["name"],
        arm=slice_["solver"]["name"],
        arm_digest=config.arm_digest(slice_),
        is_enforced=slice_["ladder"]["enforce"],
        model=slice_["model"]["name"],
        author=slice_["solver"].get("model_name") or "",
    )
    return AnalysisSettings(
        phase=config.build(slice_["phase"], PhasePlan, "phase"),
        identity=identity,
        rules=config.build(slice_["analysis"], AnalysisRules, "analysis"),
        prices=config.build(slice_["prices"], PriceTable, "prices"),
        weights=config.build(slice_["scoring"], ScoringSettings, "scoring"),
    )


def main(argv: Sequence[str]) -> None:
    """Analyze one phase: `python -m stages.analyze PHASE`."""
    (phase,) = arguments(argv, "PHASE")
    folder, reports = Path("data", phase), Path("reports", phase)
    rows = {name: tables.read(tables.ALL[name], folder / f"{name}.parquet") for name in PHASE_TABLES}
    selection = read_json(folder / "selection.json", "select")
    read = PhaseTables(**rows, selection_shares=selection["shares"], dataset_identity=selection["dataset"])
    found = analyze(read, settings_of(config.load(phase, "analyze")))
    write_json(reports / "metrics.json", found.metrics)
    write_json(reports / "decision.json", found.decision)
    write_json(folder / "analysis.json", found.tables)
    for name, table in found.tables.items():
        write(reports / "tables" / f"{name}.csv", csv_text(table, header(name, table)))
    print(found.decision["sentence"])


if __name__ == "__main__":
    run_stage(main)
