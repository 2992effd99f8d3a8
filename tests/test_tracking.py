"""What tracking promises, on a real MLflow database."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_phase import call, instance_id, transcript

from bugladder.records import BugladderError
from bugladder.traces import instance_traces
from bugladder.tracking import TrackedResult, create_database, flatten, git_commit, track, tracking_uri


def result(tmp_path, **changes):
    """A made-up result with one file."""
    report = tmp_path / "report.md"
    report.write_text("# made up\n", encoding="utf-8")
    values = {
        "name": "made up",
        "experiment": "bugladder",
        "metrics": {"overall": {"mean": 0.5, "reason": ""}, "seconds": {"total": 1.0}, "store": {"new": 4}},
        "config": {"solver": {"name": "search", "order": [1, 2], "text": "x" * 9000}},
        "dataset": "made_up",
        "data_hash": "d" * 64,
        "dataset_identity": {"revision": "6ec7"},
        "artifacts": (report,),
        "tags": {"decision": "stop"},
    }
    return TrackedResult(**values | changes)


def client(folder):
    """MLflow's own client on the database."""
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri(folder))


def runs(folder):
    """Every run that is not deleted."""
    found = client(folder)
    return found.search_runs([found.get_experiment_by_name("bugladder").experiment_id])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One database for all tests: to create one takes seconds."""
    path = tmp_path_factory.mktemp("tracking")
    create_database(path, "bugladder")
    return path


def test_a_result_is_one_run_with_all_that_belongs_to_it(tmp_path, folder):
    """A tracked result holds its metrics, parameters, tags, data with digest and files."""
    tracked = track(result(tmp_path), folder)
    run = client(folder).get_run(tracked.run_id)
    assert tracked.is_new
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"overall.mean": 0.5, "seconds.total": 1.0, "store.new": 4.0}
    assert run.data.params["solver.name"] == "search"
    assert run.data.params["solver.order"] == "[1,2]"
    assert len(run.data.params["solver.text"]) == 6000
    assert run.data.tags["decision"] == "stop"
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest, data.dataset.source_type) == ("made_up", "d" * 36, "hub")
    assert json.loads(data.dataset.source) == {"dataset": "made_up", "sha256": "d" * 64, "revision": "6ec7"}
    assert (folder / "mlartifacts" / tracked.run_id / "artifacts" / "report.md").read_text() == "# made up\n"


def test_an_equal_result_adds_no_run_and_another_one_does(tmp_path, folder):
    """Times, payments and reuse make no new result; a metric, a setting or other data does."""
    same = {"overall": {"mean": 0.25}, "seconds": {"total": 1.0}, "spent_usd": {"total": 2.0}, "store": {"new": 4}}
    first = track(result(tmp_path, metrics=same), folder)
    before = len(runs(folder))
    circumstances = {"seconds": {"total": 9.0}, "spent_usd": {"total": 0.0}, "store": {"new": 0}}
    again = track(result(tmp_path, metrics=same | circumstances), folder)
    assert (again.run_id, again.is_new, len(runs(folder))) == (first.run_id, False, before)
    for change in ({"metrics": {"overall": {"mean": 0.26}}}, {"config": {"seed": 2}}, {"data_hash": "e" * 64}):
        assert track(result(tmp_path, **{"metrics": same} | change), folder).is_new
    assert len(runs(folder)) == before + 3


def test_where_results_are_remembered_and_what_was_paid_make_no_new_result(tmp_path, folder):
    """Switching traces on, and the breakdowns of what calls were newly paid, find the run that is there."""
    first = track(result(tmp_path, data_hash="1" * 64), folder)
    metrics = {"overall": {"mean": 0.5, "reason": ""}, "costs": {"per_step": {"fix": {"spent_usd": 1.0}}}}
    config = result(tmp_path).config | {"tracking": {"experiment": "bugladder", "traces": True}}
    again = track(result(tmp_path, data_hash="1" * 64, metrics=metrics, config=config), folder)
    assert (again.run_id, again.is_new) == (first.run_id, False)


def test_names_of_models_and_instances_stand_in_names_of_metrics(tmp_path, folder):
    """What MLflow refuses in a name becomes an underscore."""
    metrics = {"costs": {"per_model": {"org/made-up:7b": {"cost_usd": 2.0}}}}
    tracked = track(result(tmp_path, data_hash="2" * 64, metrics=metrics), folder)
    assert client(folder).get_run(tracked.run_id).data.metrics == {"costs.per_model.org_made-up_7b.cost_usd": 2.0}


def made_up_traces():
    """Two calls and a lost try on one instance, one call on another, with text that is no UTF-8."""
    calls = [
        call(0, 0, step="reproduce"),
        call(0, 1, is_lost=True, model_answered="", latency_s=0.0),
        call(0, 2),
        call(1, 0),
    ]
    said = [transcript(0, 0), transcript(0, 2, reply="caf\udce9 $"), transcript(1, 0, reply="", refusal="no")]
    return instance_traces(calls, said)


def traces_of(folder, run_id):
    """The traces of a run, by name."""
    found = client(folder).search_traces(
        locations=[client(folder).get_experiment_by_name("bugladder").experiment_id], run_id=run_id
    )
    return {t.info.tags["mlflow.traceName"]: t for t in found}


def test_traces_hold_every_call_with_prompt_reply_and_tokens(tmp_path, folder):
    """One trace per instance, a span per call below it: what was asked and answered, tokens, latency, what was lost."""
    tracked = track(result(tmp_path, data_hash="3" * 64, traces=made_up_traces()), folder)
    found = traces_of(folder, tracked.run_id)
    assert set(found) == {instance_id(0), instance_id(1)}
    root, *spans = found[instance_id(0)].data.spans
    assert [(s.name, s.parent_id == root.span_id, s.status.status_code.value) for s in spans] == [
        ("reproduce", True, "OK"), ("fix", True, "ERROR"), ("fix", True, "OK"),
    ]  # fmt: skip
    assert spans[0].inputs == {"messages": [{"role": "user", "content": "made up"}]}
    assert (spans[1].inputs, spans[2].outputs) == ({"messages": None}, "caf\udce9 $")
    assert (spans[2].end_time_ns - spans[2].start_time_ns, spans[2].start_time_ns) == (2e9, spans[0].end_time_ns)
    assert spans[2].get_attribute("mlflow.chat.tokenUsage")["output_tokens"] == 500_000
    assert found[instance_id(0)].info.execution_duration == 4000
    assert found[instance_id(1)].data.spans[1].outputs == "no"


def test_traces_are_added_once(tmp_path, folder):
    """A run that was tracked without traces gets them when they are switched on; tracking it again adds nothing."""
    values = {"data_hash": "4" * 64}
    plain = track(result(tmp_path, **values), folder)
    assert traces_of(folder, plain.run_id) == {}
    for _ in range(2):
        again = track(result(tmp_path, **values, traces=made_up_traces()), folder)
        assert (again.run_id, again.is_new) == (plain.run_id, False)
        assert len(traces_of(folder, plain.run_id)) == 2


def test_traces_cut_off_by_a_kill_are_completed(tmp_path, folder):
    """A first trace without the mark that all are there is written again under its own id, and the others follow."""
    values = {"data_hash": "5" * 64}
    whole = made_up_traces()
    tracked = track(result(tmp_path, **values, traces=whole[:1]), folder)
    client(folder).delete_tag(tracked.run_id, "bugladder.traces")
    track(result(tmp_path, **values, traces=whole), folder)
    found = traces_of(folder, tracked.run_id)
    assert {name: len(t.data.spans) for name, t in found.items()} == {instance_id(0): 4, instance_id(1): 2}


def test_a_run_killed_half_way_is_replaced(tmp_path, folder):
    """A run that never finished does not stand for its result."""
    wanted = result(tmp_path, data_hash="f" * 64)
    mlflow = client(folder)
    experiment = mlflow.get_experiment_by_name("bugladder").experiment_id
    half = mlflow.create_run(experiment, tags={"bugladder.digest": wanted.digest}).info.run_id
    tracked = track(wanted, folder)
    assert tracked.is_new
    assert tracked.run_id != half
    assert mlflow.get_run(half).info.lifecycle_stage == "deleted"


def test_an_absent_file_is_named(tmp_path, folder):
    """A report that is not there is a one-line error that names it, and nothing is logged."""
    before = len(runs(folder))
    with pytest.raises(BugladderError, match=r"absent\.html: no such file"):
        track(result(tmp_path, data_hash="9" * 64, artifacts=(tmp_path / "absent.html",)), folder)
    assert len(runs(folder)) == before


def test_nested_settings_become_dotted_names():
    """Every leaf of a configuration has a name of its own."""
    assert flatten({"a": {"b": 1, "c": {"d": None}}, "e": [1]}) == {"a.b": 1, "a.c.d": None, "e": [1]}


def test_outside_of_a_repository_there_is_no_commit(tmp_path):
    """A zip without .git is tracked too."""
    assert git_commit(tmp_path) == "none"


def test_mlflow_is_not_imported_before_it_is_needed():
    """Importing the tracking module costs no seconds."""
    code = "import sys, bugladder.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


_DRIVER = """
import sys
from pathlib import Path
from bugladder.tracking import TrackedResult, track
folder = Path(sys.argv[1])
metrics = {"overall": {"mean": float(sys.argv[2])}}
print(track(TrackedResult("made up", "bugladder", metrics, {}, "made_up", "d" * 64), folder).run_id)
"""


@pytest.mark.slow
def test_two_processes_share_one_fresh_database(tmp_path):
    """Two processes that track at once into no database get one database, and one run per distinct result."""
    command = [sys.executable, "-c", _DRIVER, str(tmp_path / "fresh")]
    started = [
        subprocess.Popen([*command, mean], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for mean in ("0.5", "0.5", "0.6")
    ]
    found = [process.communicate(timeout=120) for process in started]
    assert [p.returncode for p in started] == [0, 0, 0], found
    ids = [Path(out.strip()).name for out, _ in found]
    assert ids[0] == ids[1]
    assert ids[0] != ids[2]
    assert len(runs(tmp_path / "fresh")) == 2
