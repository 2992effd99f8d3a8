"""What the stages after score promise, run on the made-up phase in a folder of their own."""

import csv
import json
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from made_up_phase import ARM, CONF, IDENTITY, call, instance_id, made_up_tables, transcript

from bugladder import config
from bugladder.analysis.settings import PHASE_TABLES
from bugladder.config.files import write
from bugladder.records import BugladderError, tables
from bugladder.tracking import tracking_uri
from stages import analyze, plot, report, track


@pytest.fixture
def phase(tmp_path, monkeypatch):
    """A project folder in which everything up to score has run for p1."""
    monkeypatch.chdir(tmp_path)
    rows = made_up_tables()
    for name in PHASE_TABLES:
        tables.write(tables.ALL[name], getattr(rows, name), Path("data/p1") / f"{name}.parquet")
    share = {"by": "origin", "value": "release", "selected": 5, "selected_share": 0.5, "whole": 50, "whole_share": 0.2}
    selection = {"phase": "p1", "ids": [], "shares": [share], "dataset": IDENTITY}
    write(Path("data/p1/selection.json"), json.dumps(selection))
    groups = {"phase": "p1", "scoring": "default", "analysis": "default", "prices": "default", "tracking": "default"}
    whole = {g: yaml.safe_load((CONF / g / f"{name}.yaml").read_text(encoding="utf-8")) for g, name in groups.items()}
    whole |= {"dataset": {"name": "made_up"}, "solver": {"name": ARM}, "limits": {}, "ladder": {"enforce": True}}
    whole["model"] = {"name": "none"}
    for path in (config.resolved_path("p1"), config.slice_path("p1", "analyze")):
        write(path, yaml.safe_dump(whole))
    return tmp_path


def climb():
    """Analyze, plot and report."""
    for stage in (analyze, plot, report):
        stage.main(["p1"])


def contents(folder):
    """Every file below a folder, by path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_last_stages_write_all_that_readers_rely_on(phase):
    """Metrics, decision, tables, figures and reports stand where they should, with the keys others read."""
    climb()
    reports = phase / "reports" / "p1"
    metrics = json.loads((reports / "metrics.json").read_text(encoding="utf-8"))
    decision = json.loads((reports / "decision.json").read_text(encoding="utf-8"))
    assert (metrics["n_selected"], metrics["n_valid"], decision["decision"]) == (10, 10, "stop")
    assert metrics["dataset_identity"] == IDENTITY
    assert "rows.jsonl, 300 instances, file sha256 ffff" in (reports / "report.md").read_text(encoding="utf-8")
    assert metrics["controls"]["no_op"]["hfs"] == 0
    assert metrics["controls"]["reference"]["hfs"] == 1
    assert (reports / "report.md").stat().st_size > 2000
    assert "data:image/png;base64," in (reports / "report.html").read_text(encoding="utf-8")
    assert {p.suffix for p in (reports / "figures").iterdir()} == {".png", ".svg"}
    with (reports / "tables" / "selection_shares.csv").open(encoding="utf-8") as file:
        assert next(csv.DictReader(file))["whole_share"] == "0.2"


@pytest.mark.slow
def test_running_again_changes_no_byte(phase):
    """Equal tables give equal files, so git and DVC see no change."""
    climb()
    before = contents(phase / "reports") | {"analysis": (phase / "data/p1/analysis.json").read_bytes()}
    climb()
    assert contents(phase / "reports") | {"analysis": (phase / "data/p1/analysis.json").read_bytes()} == before


def test_a_stage_without_its_input_names_the_file_and_the_stage(phase):
    """Plotting before analyzing is one line that says what to run."""
    with pytest.raises(BugladderError, match=r"reports/p1/metrics\.json: no such file; run the analyze stage"):
        plot.main(["p1"])


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    """A folder in the way of a file is one line that names it, and leaves no temporary file."""
    (tmp_path / "metrics.json").mkdir()
    with pytest.raises(BugladderError, match=r"metrics\.json: cannot be written"):
        write(tmp_path / "metrics.json", "{}")
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.json"]


@pytest.mark.slow
def test_traces_are_tracked_where_they_are_switched_on(phase):
    """With tracking.traces the run has a trace of each instance with calls, and its tags name the model."""
    tables.write(tables.CALLS, [call(4), call(5)], Path("data/p1/calls.parquet"))
    tables.write(tables.TRANSCRIPTS, [transcript(4), transcript(5)], Path("data/p1/transcripts.parquet"))
    prices = {"as_of": "2026-01-01", "models": {"made-up": {"input": 2.0, "cached_input": 0.5, "output": 8.0}}}
    changed = {"prices": prices, "model": {"name": "scripted"}, "tracking": {"experiment": "bugladder", "traces": True}}
    for path in (config.resolved_path("p1"), config.slice_path("p1", "analyze")):
        write(path, yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | changed))
    climb()
    track.main(["p1"])
    run_id = json.loads((phase / "data/p1/mlflow.json").read_text(encoding="utf-8"))["run_id"]
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=tracking_uri(phase / ".bugladder"))
    run = client.get_run(run_id)
    assert run.data.tags["model"] == "scripted (scripted replies, not a model)"
    assert run.data.metrics["costs.per_step.fix.cost_usd"] == 13.0
    traces = client.search_traces(locations=[run.info.experiment_id], run_id=run_id)
    assert sorted(t.info.tags["mlflow.traceName"] for t in traces) == [instance_id(4), instance_id(5)]
    assert {t.info.tags["model"] for t in traces} == {"scripted (scripted replies, not a model)"}


@pytest.mark.slow
def test_tracking_a_phase_twice_gives_one_run(phase):
    """The second time the run is known already, and mlflow.json is the same and tells no place of this machine."""
    climb()
    track.main(["p1"])
    first = (phase / "data/p1/mlflow.json").read_text(encoding="utf-8")
    climb()
    track.main(["p1"])
    assert (phase / "data/p1/mlflow.json").read_text(encoding="utf-8") == first
    assert str(phase) not in first
