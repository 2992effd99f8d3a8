"""analyze: read a phase's tables, write metrics.json, decision.json, tables/*.csv and analysis.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bugladder import config
from bugladder.analysis.csv_files import csv_text
from bugladder.analysis.headers import header
from bugladder.analysis.phase_analysis import analyze
from bugladder.analysis.settings import PHASE_TABLES, PhaseTables
from bugladder.config.analyzing import analysis_of
from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import read_json, write, write_json
from bugladder.records import tables


def main(argv: Sequence[str]) -> None:
    """Analyze one phase: `python -m stages.analyze PHASE`."""
    (phase,) = arguments(argv, "PHASE")
    folder, reports = Path("data", phase), Path("reports", phase)
    rows = {name: tables.read(tables.ALL[name], folder / f"{name}.parquet") for name in PHASE_TABLES}
    selection = read_json(folder / "selection.json", "select")
    read = PhaseTables(**rows, selection_shares=selection["shares"], dataset_identity=selection["dataset"])
    found = analyze(read, analysis_of(config.load(phase, "analyze")))
    write_json(reports / "metrics.json", found.metrics)
    write_json(reports / "decision.json", found.decision)
    write_json(folder / "analysis.json", found.tables)
    for name, table in found.tables.items():
        write(reports / "tables" / f"{name}.csv", csv_text(table, header(name, table)))
    print(found.decision["sentence"])


if __name__ == "__main__":
    run_stage(main)
