"""What bad input gets: one line that begins with `error:`, a non-zero exit, and what a good run left is untouched."""

import hashlib
import importlib
import io
import json
import os
import resource
import subprocess
import sys
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from rerunning import dvc, make_dvc_project
from tiny_project import edit_yaml, make_project, stage

from bugladder.config.entry import run_stage
from bugladder.config.locks import phase_lock

FILES = {
    "dataset": "data/pypi", "ids": "data/ids.txt", "scripts": "data/scripted", "predictions": "data/predictions.jsonl",
}  # fmt: skip
CLOSED_PORT = "http://127.0.0.1:9/simple"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of six tiny bugs that asks no index, with the working directory in it."""
    root = make_project(tmp_path / "project")
    monkeypatch.chdir(root)
    monkeypatch.setenv("UV_DEFAULT_INDEX", CLOSED_PORT)
    return root


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a stage as its command does, in this process; gives exit code and standard error."""

    def run_one(name, *argv):
        monkeypatch.setattr(sys, "argv", [name, *argv])
        code = 0
        capsys.readouterr()
        try:
            run_stage(importlib.import_module(f"stages.{name}").main)
        except SystemExit as ended:
            code = ended.code
        return code, capsys.readouterr().err

    return run_one


@pytest.fixture
def refused(run, project):
    """Run a stage that must refuse: gives its one line; nothing below data/<phase> and reports/ may change."""

    def run_one(name, *argv):
        before = contents(project)
        code, err = run(name, *argv)
        assert code == 1, err
        assert contents(project) == before
        return only_error(err)

    return run_one


def only_error(err):
    """The one line that says what was wrong, at the end; before it only progress may stand."""
    (line,) = [text for text in err.splitlines() if "error" in text.lower() or "Traceback" in text]
    assert line.startswith("error: ")
    assert line == err.splitlines()[-1]
    return line


def contents(root):
    """Every file that stages write, by path."""
    folders = [root / "data" / "baseline", root / "data" / "p1", root / "reports"]
    return {p: p.read_bytes() for f in folders for p in f.rglob("*") if p.is_file()}


def overrides(root, *texts):
    """Name these overrides in params.yaml."""
    edit_yaml(root / "params.yaml", overrides=list(texts))


def listed(root, ids):
    """Let a list of ids decide the instances; without a list where None."""
    overrides(root, "selection.strategy=file", "selection.ensure_baseline=false")
    edit_yaml(root / "params.yaml", files=FILES | {"ids": "ids.txt"})
    if ids is not None:
        (root / "ids.txt").write_text("\n".join(ids) + "\n")


def edit_entry(root, index=0, **values):
    """Replace values of an entry of the catalog; gives its id."""
    path = root / "data" / "pypi" / "release.json"
    entries = json.loads(path.read_text())
    entries[index] |= values
    path.write_text(json.dumps(entries))
    return entries[index]["id"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"solver": "nope"}, ["solver=nope", "unknown solver", "no_op, predictions, search"]),
        ({"solver": "reference"}, ["solver=reference", "control, not a solver", "control:reference"]),
        ({"solver": "inert"}, ["solver=inert", "control, not a solver", "control:inert"]),
        ({"dataset": "nope"}, ["dataset=nope", "unknown dataset", "pypi"]),
        ({"sandbox": "nope"}, ["sandbox=nope", "unknown sandbox", "local"]),
        ({"executor": "nope"}, ["executor=nope", "unknown executor", "threads"]),
        ({"solvr": "search"}, ["params.yaml", "'solvr'", "solver"]),
        ({"overrides": "seed=1"}, ["params.yaml", "'overrides'", "list"]),
        ({"files": None}, ["params.yaml", "'files'", "map names to paths"]),
        ({"files": {"dataset": "data/pypi"}}, ["params.yaml", "'files.ids' is missing"]),
        ({"files": FILES | {"ids": None}}, ["params.yaml", "files.ids", "path of a file"]),
        ({"files": FILES | {"idz": "x"}}, ["params.yaml", "files.idz: nothing reads it", "dataset, ids"]),
        ({"files": FILES | {"a.b": "x"}}, ["params.yaml", "'a.b'", "small letters"]),
    ],
)
def test_params_that_name_nothing_known(refused, run, project, values, words):
    """An unknown choice or a misspelt key of params.yaml is said with what is known; an earlier config.yaml stays."""
    assert run("resolve", "p1")[0] == 0
    edit_yaml(project / "params.yaml", **values)
    line = refused("resolve", "p1")
    assert [w for w in words if w not in line] == []


def test_a_params_key_that_is_missing_or_unreadable(refused, project):
    """params.yaml without a key, or that is no YAML, is named with the key or the place."""
    path = project / "params.yaml"
    whole = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({k: v for k, v in whole.items() if k != "solver"}))
    assert "params.yaml: key 'solver' is missing" in refused("resolve", "p1")
    path.write_text("phases: [")
    assert "params.yaml" in refused("resolve", "p1")


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("resolve", "PHASE"),
        ("select", "PHASE"),
        ("control", "PHASE OBEYS"),
        ("run", "PHASE OBEYS"),
        ("score", "PHASE"),
        ("analyze", "PHASE"),
        ("plot", "PHASE"),
        ("report", "PHASE"),
        ("track", "PHASE"),
    ],
)
def test_a_stage_with_another_number_of_arguments(run, project, name, takes):
    """Every stage that is called with too few or too many arguments says in one line which ones it takes, with 2."""
    for argv in ((), ("p1", "x", "y")):
        code, err = run(name, *argv)
        assert code == 2
        assert only_error(err).startswith(f"error: usage: python -m stages.{name} {takes}; arguments given: ")


def test_an_unknown_phase(refused):
    """A phase without a file is said with the phases there are; one that is not resolved, with the command."""
    assert "phase=p9: unknown phase; conf/phase has baseline, p1, p2, p3, p4" in refused("resolve", "p9")
    assert "dvc repro resolve@p9" in refused("select", "p9")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("split.public_ration=0.5", ["split has no key 'public_ration'", "protocol, public_ratio"]),
        ("nonsense=1", ["no key 'nonsense'", "solver"]),
        ("dataset.difficulty.esy=[1,2,3]", ["dataset.difficulty has no key 'esy'", "easy, hard, medium"]),
        ("split.public_ratio.x=1", ["split.public_ratio", "is a value"]),
        ("+split.foo=1", ["conf/split/default.yaml", "split.foo", "public_ratio"]),
        ("+limits.foo=1", ["conf/config.yaml", "limits.foo", "test_timeout_s"]),
        ("+foo=1", ["conf/config.yaml", "foo", "seed"]),
        ("split.public_ratio=most", ["conf/split/default.yaml", "split.public_ratio", "number", "'most'"]),
        ("solver.max_candidates=many", ["conf/solver/search.yaml", "solver.max_candidates", "integer", "'many'"]),
        ("selection.strategy=odd", ["conf/selection/default.yaml", "selection.strategy", "stratified"]),
        ("split.protocol=open", ["conf/split/default.yaml", "split.protocol", "'blind'"]),
        ("seed=abc", ["conf/config.yaml", "seed", "integer", "'abc'"]),
        ("ladder.enforce='no'", ["conf/config.yaml", "ladder.enforce", "boolean", "'no'"]),
        ("limits.test_timeout_s=long", ["conf/config.yaml", "limits.test_timeout_s", "number", "'long'"]),
        ("split.public_ratio=2", ["default.yaml: split.public_ratio: should be above 0 and below 1 (got 2.0)"]),
        ("analysis.interval.level=2", ["analysis.interval.level: should be above 0 and below 1"]),
        ("analysis.bin_width=0", ["conf/analysis/default.yaml: analysis.bin_width: should be at least 0.01"]),
        ("analysis.bin_width=0.3", ["conf/analysis/default.yaml: analysis: bin_width is 0.3; 1 should be a multiple"]),
        ("limits.test_timeout_s=-1.0", ["conf/config.yaml", "limits.test_timeout_s: should be above 0"]),
        ("limits.instance_timeout_s=0.0", ["limits.instance_timeout_s: should be above 0"]),
        ("phase.workers=0", ["conf/phase/p1.yaml: phase.workers: should be at least 1 (got 0)"]),
        ("phase.size=20", ["override phase.size=20", "conf/phase/p1.yaml"]),
        ("phase.budget_usd=-5", ["phase.budget_usd: should be at least 0"]),
        ("solver.max_candidates=-1", ["conf/solver/search.yaml: solver.max_candidates: should be at least 0 (got -1)"]),
        ("+sandbox.memory_mb=0", ["conf/sandbox/local.yaml: sandbox.memory_mb: should be at least 1 (got 0)"]),
        ("scoring.weight_tss=-0.1", ["scoring.weight_tss: should be at least 0 and at most 1"]),
        ("grading.repeats=0", ["grading.repeats: should be at least 1"]),
        ("selection.baseline_per_origin=-1", ["selection.baseline_per_origin: should be at least 0"]),
        ("dataset.difficulty.easy=[-4,2,1]", ["dataset.difficulty.easy.0: should be at least 0"]),
        (
            "dataset.origins=[relaese]",
            ["conf/dataset/pypi.yaml: dataset.origins.0", "'release' or 'injected'", "'relaese'"],
        ),
        ("seed=-1", ["conf/config.yaml: config.seed: should be at least 0"]),
        ("executor.retries=-1", ["conf/executor/threads.yaml: executor.retries: should be at least 0 (got -1)"]),
        ("executor.base_delay_s=-1", ["executor.base_delay_s: should be at least 0"]),
        ("executor.model.tries=0", ["executor.model.tries: should be at least 1"]),
        ("+sandbox.slots=two", ["conf/sandbox/local.yaml", "slots", "'two'"]),
        ("solver._target_=os.system", ["conf/solver/search.yaml", "_target_", "class of bugladder"]),
        ("solver._target_=bugladder.solvers.search.Serch", ["_target_", "Serch", "cannot be imported"]),
        ("seed", ["override seed", "EQUAL"]),
        ("seed=${oops}", ["oops", "not found"]),
        ("selection.ids=my.txt", ["override selection.ids=my.txt", "params.yaml", "files.ids"]),
        ("++dataset.catalog_folder=x", ["override ++dataset.catalog_folder=x", "files.dataset"]),
        ("files.ids=my.txt", ["override files.ids=my.txt", "params.yaml", "under files"]),
    ],
)
def test_overrides_that_fit_no_key(refused, project, override, words):
    """A misspelt or wrongly typed override names the key, what was given and what would be right."""
    overrides(project, override)
    line = refused("resolve", "p1")
    assert [w for w in words if w not in line] == []


def test_a_conf_file_with_a_misspelt_key(refused, project):
    """A misspelt or ill-typed key in a conf file is named with the file and the known keys."""
    edit_yaml(project / "conf" / "split" / "default.yaml", public_ration=0.5)
    line = refused("resolve", "p1")
    assert "conf/split/default.yaml: split.public_ration: unknown key; known: protocol, public_ratio" in line
    (project / "conf" / "split" / "default.yaml").write_text("public_ratio: [")
    assert "default.yaml" in refused("resolve", "p1")


def test_a_phase_larger_than_the_dataset(refused, run, project):
    """Both numbers are said."""
    edit_yaml(project / "conf" / "phase" / "p1.yaml", size=100)
    assert run("resolve", "p1")[0] == 0
    assert "phase p1 asks for 100 instances, the dataset has 6" in refused("select", "p1")


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (["tiny0-1.0-1.1", "tiny77-1.0-1.1"], "'tiny77-1.0-1.1', which the dataset does not have"),
        (["tiny0-1.0-1.1", "tiny1-1.0-1.1", "tiny0-1.0-1.1"], "'tiny0-1.0-1.1' 2 times; once is right"),
        (["tiny0-1.0-1.1"], "its list of ids has"),
        (None, "files.ids: ids.txt cannot be read (No such file or directory); it should hold one id a line"),
    ],
)
def test_a_list_of_ids_that_does_not_fit(refused, run, project, ids, words):
    """An unknown id, an id that stands twice, too short a list or an absent file is named."""
    listed(project, ids)
    assert run("resolve", "p1")[0] == 0
    assert words in refused("select", "p1")


def test_a_list_of_ids_that_is_no_text(refused, run, project):
    """A list in another encoding than UTF-8 is named."""
    listed(project, None)
    (project / "ids.txt").write_bytes(b"tiny0\xff\n")
    assert run("resolve", "p1")[0] == 0
    assert "files.ids: ids.txt cannot be read (no UTF-8 text)" in refused("select", "p1")


def test_a_catalog_that_is_not_there(refused, run, project):
    """A dataset file that the dataset cannot read is named with what would be right."""
    edit_yaml(project / "params.yaml", files=FILES | {"dataset": "lite.parquet"})
    assert run("resolve", "p1")[0] == 0
    assert "lite.parquet: no such folder; files.dataset should name a catalog: data/pypi" in refused("select", "p1")


def test_a_good_list_of_ids_is_taken(run, project):
    """A list of known ids decides the instances, in its order."""
    ids = ["tiny3-1.0-1.1", "tiny0-1.0-1.1", "tiny5-1.0-1.1", "tiny1-1.0-1.1"]
    listed(project, ids)
    assert [run(s, "p1")[0] for s in ("resolve", "select")] == [0, 0]
    assert json.loads((project / "data" / "p1" / "selection.json").read_text())["ids"] == ids


def test_a_duplicate_id_in_the_catalog(refused, run, project):
    """Two entries of one id are refused with the id."""
    assert run("resolve", "p1")[0] == 0
    edit_entry(project, 1, id="tiny0-1.0-1.1")
    assert "'tiny0-1.0-1.1' stands 2 times in the catalog" in refused("select", "p1")


def serve(root, monkeypatch, name, data, sha256):
    """Put an sdist on an index in a folder, and name that index."""
    page = root / "index" / "tiny0"
    page.mkdir(parents=True)
    (page / name).write_bytes(data)
    (page / "index.html").write_text(f'<html><body><a href="{name}#sha256={sha256}">{name}</a></body></html>')
    monkeypatch.setenv("UV_DEFAULT_INDEX", page.parent.as_uri())


def only_tiny0(root, size=1):
    """A baseline of one listed instance, tiny0."""
    listed(root, ["tiny0-1.0-1.1"])
    edit_yaml(root / "conf" / "phase" / "baseline.yaml", size=size)


def test_an_sdist_with_another_hash(refused, run, project, monkeypatch):
    """A download that is not the pinned one is refused with both hashes, and is not kept."""
    only_tiny0(project)
    entry = json.loads((project / "data" / "pypi" / "release.json").read_text())[0]["before"]
    edit_entry(project, before={**entry, "sha256": "0" * 64})
    serve(project, monkeypatch, entry["filename"], b"another archive", "0" * 64)
    assert run("resolve", "baseline")[0] == 0
    line = refused("select", "baseline")
    assert "tiny0-1.0: tiny0-1.0.tar.gz has sha256" in line
    assert f"expected {'0' * 64}" in line
    assert list((project / ".bugladder" / "sdists" / ("0" * 64)).iterdir()) == []


def member(name, content=b"", link=None):
    """One member of a tar archive, a link where a target is given."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    if link is not None:
        info.type, info.linkname = tarfile.SYMTYPE, link
    return info, io.BytesIO(content)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (member("tiny0-1.0/../../evil.py", b"x"), "'tiny0-1.0/../../evil.py' leaves the archive"),
        (member("/etc/evil", b"x"), "'/etc/evil' leaves the archive"),
        (member("tiny0-1.0/shadow", link="/etc/shadow"), "'tiny0-1.0/shadow' is a link to '/etc/shadow'"),
        (member("tiny0-1.0/up", link="../../up"), "'tiny0-1.0/up' is a link to '../../up'"),
    ],
)
def test_an_archive_that_leaves_its_folder(refused, run, project, info, words):
    """An sdist with a path or a link that leaves it is refused by the member's name."""
    only_tiny0(project)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(*member("tiny0-1.0/tiny.py", b"x = 1\n"))
        archive.addfile(*info)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    entry = json.loads((project / "data" / "pypi" / "release.json").read_text())[0]["before"]
    place = project / ".bugladder" / "sdists" / digest / entry["filename"]
    place.parent.mkdir(parents=True)
    place.write_bytes(buffer.getvalue())
    edit_entry(project, before={**entry, "sha256": digest})
    assert run("resolve", "baseline")[0] == 0
    line = refused("select", "baseline")
    assert words in line
    assert "tiny0-1.0" in line


def test_no_network_at_the_first_download(refused, run, project):
    """What was needed is said by name, version and file, and that finished parts are kept; they are."""
    only_tiny0(project)
    after = json.loads((project / "data" / "pypi" / "release.json").read_text())[0]["after"]
    edit_entry(project, after={**after, "sha256": "1" * 64})
    kept = sorted((project / ".bugladder" / "sdists").rglob("*.tar.gz"))
    assert run("resolve", "baseline")[0] == 0
    line = refused("select", "baseline")
    assert f"tiny0-1.1 ({after['filename']}) is needed" in line
    assert "finished parts are kept" in line
    assert sorted((project / ".bugladder" / "sdists").rglob("*.tar.gz")) == kept


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t.drop_columns(["repo"]), "column 'repo' is missing"),
        (lambda t: t.append_column("mood", pa.array(["good"] * len(t))), "column 'mood' is not in the schema"),
        (lambda t: t.set_column(0, "instance_id", pa.array([1, 2])), "column 'instance_id' is int64, should be string"),
        (lambda t: pa.concat_tables([t, t]), "duplicate key tiny"),
        (lambda t: t.set_column(3, "repo", pa.array([None, "x"])), "column 'repo' of table instances holds a null"),
    ],
)
def test_a_table_that_breaks_its_schema(refused, run, project, spoil, words):
    """Control refuses instances with a missing, extra or ill-typed column, a double key or a null, by file and name."""
    assert [run(s, "baseline")[0] for s in ("resolve", "select")] == [0, 0]
    path = Path("data/baseline/instances.parquet")
    table = pq.read_table(path, partitioning=None)
    assert table.column_names[3] == "repo"
    pq.write_table(spoil(table), path)
    line = refused("control", "baseline", "conf/gate/start.yaml")
    assert line.startswith("error: data/baseline/instances.parquet: ")
    assert words in line


def test_a_file_that_is_no_table(refused, run, project):
    """A file that is no Parquet, and a table that is not there, are named with what to do."""
    assert run("resolve", "baseline")[0] == 0
    assert "instances.parquet: no such table; run" in refused("control", "baseline", "conf/gate/start.yaml")
    (project / "data" / "baseline" / "instances.parquet").write_bytes(b"PAR1 not really")
    assert "not a readable Parquet file" in refused("control", "baseline", "conf/gate/start.yaml")


@pytest.mark.slow
def test_a_test_run_that_collects_nothing(refused, run, project):
    """A suite whose paths hold no test ends control with the instance, the paths and pytest's own words."""
    only_tiny0(project)
    path = project / "data" / "pypi" / "suites" / "tiny0-1.1.json"
    suite = json.loads(path.read_text())
    path.write_text(json.dumps({**suite, "paths": ["docs"]}))
    assert [run(s, "baseline")[0] for s in ("resolve", "select")] == [0, 0]
    line = refused("control", "baseline", "conf/gate/start.yaml")
    assert "instance tiny0-1.0-1.1: the test run on docs collected nothing" in line


def test_a_stage_beside_a_running_one(project, run):
    """While one stage is at work on a phase a second one is refused with its pid, and changes nothing."""
    assert run("resolve", "baseline")[0] == 0
    with phase_lock(Path("data/baseline")):
        done = stage(project, "select", "baseline")
    assert done.returncode == 1
    line = (
        f"error: data/baseline: a stage with pid {os.getpid()} is at work on it; wait, or end it (kill {os.getpid()})"
    )
    assert done.stderr == f"{line} and run again\n"
    assert not (project / "data" / "baseline" / "instances.parquet").exists()
    assert run("select", "baseline")[0] == 0


@pytest.mark.slow
def test_dvc_repro_beside_a_stage_that_lives_on(tmp_path, monkeypatch):
    """While a stage is at work, also one whose dvc was killed, `dvc repro` fails with our line; later it works."""
    root = make_dvc_project(tmp_path / "project")
    monkeypatch.chdir(root)
    assert dvc(root, "repro", "resolve@baseline").returncode == 0
    with phase_lock(Path("data/baseline")):
        done = dvc(root, "repro", "select@baseline")
    assert done.returncode != 0
    assert f"error: data/baseline: a stage with pid {os.getpid()} is at work on it" in done.stderr.splitlines()[0]
    assert not (root / "data" / "baseline" / "instances.parquet").exists()
    assert dvc(root, "repro", "select@baseline").returncode == 0
    assert (root / "data" / "baseline" / "instances.parquet").exists()


def small_disk(root, limit, *argv):
    """Run a stage that may write no file beyond a limit: the system then refuses as on a full disk."""
    return subprocess.run(
        [sys.executable, "-m", f"stages.{argv[0]}", *argv[1:]],
        cwd=root, capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "limit"), [("resolve", 100), ("select", 2000)])
def test_a_disk_that_is_full(project, run, name, limit):
    """A table or a file that cannot be written whole leaves what a good run wrote before, byte by byte."""
    assert [run(s, "baseline")[0] for s in ("resolve", "select")] == [0, 0]
    before = contents(project)
    done = small_disk(project, limit, name, "baseline")
    assert done.returncode == 1
    line = only_error(done.stderr)
    assert line.startswith("error: data/baseline/")
    assert "cannot be written" in line
    assert "File too large" in line
    assert "nothing was changed" in line
    assert contents(project) == before
