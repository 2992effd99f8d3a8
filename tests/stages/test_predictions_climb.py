"""Published patches through all stages that decide a score, on tiny bugs: what is graded, stored and written again."""

import json

import pytest
from climbing import choose, climb
from tiny_bug import OLD_TESTS
from tiny_project import make_project, source

from bugladder.records import tables
from bugladder.running.collecting import predictions
from bugladder.workspace import make_patch

RIGHT = source("a + b")
PATCHES = {
    "tiny0-1.0-1.1": make_patch({"tiny.py": source("a - b")}, {"tiny.py": RIGHT}).replace("\n", "\r\n"),
    "tiny1-1.0-1.1": make_patch(
        {"tiny.py": source("a * b"), "tests/test_tiny.py": OLD_TESTS}, {"tiny.py": RIGHT, "tests/test_tiny.py": None}
    ),
    "tiny2-1.0-1.1": make_patch({"tiny.py": source("a")}, {"tiny.py": source("b")}),
}


def publish(root, name, patches):
    """Write a file of predictions and name it in params.yaml."""
    rows = [{"instance_id": i, "model_name_or_path": "mine", "model_patch": p} for i, p in patches.items()]
    text = json.dumps(rows) if name.endswith(".json") else "".join(json.dumps(r) + "\n" for r in rows)
    (root / name).write_text(text, encoding="utf-8")
    files = {"dataset": "data/pypi", "ids": "data/ids.txt", "scripts": "data/scripted", "predictions": name}
    choose(root, solver="predictions", files=files)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project of four bugs, climbed with predictions for three of them."""
    folder = make_project(tmp_path_factory.mktemp("published") / "project", 4, {"baseline": 4})
    publish(folder, "mine.jsonl", PATCHES)
    climb(folder, "baseline")
    return folder


def rows_of(root, table):
    """A table's rows by instance, of the solver's arm where there are arms."""
    rows = tables.read(table, root / "data" / "baseline" / f"{table.name}.parquet")
    return {r["instance_id"]: r for r in rows if r.get("arm", "predictions") == "predictions"}


@pytest.mark.slow
def test_published_patches_are_scored(root):
    """Each patch has its verdict, the tool that took it and what of it was dropped; none is told with its reason."""
    scores = rows_of(root, tables.SCORES)
    told = {i: (s["verdict"], s["applied_by"], s["dropped_paths"]) for i, s in scores.items()}
    assert told == {
        "tiny0-1.0-1.1": ("resolved", "patch", []),
        "tiny1-1.0-1.1": ("resolved", "git", ["tests/test_tiny.py"]),
        "tiny2-1.0-1.1": ("partial", "git", []),
        "tiny3-1.0-1.1": ("no_patch", None, []),
    }
    assert scores["tiny3-1.0-1.1"]["reason"] == "no prediction of mine"
    assert {s["iterations"] for s in scores.values()} == {None}


@pytest.mark.slow
def test_no_sandbox_was_opened_to_hand_in(root):
    """No command ran in the stage run, and nothing was enforced there."""
    meter = json.loads((root / ".bugladder" / "meter" / "run@baseline.json").read_text(encoding="utf-8"))
    assert meter["commands"] == 0
    assert {c["enforcement"] for c in rows_of(root, tables.CANDIDATES).values()} == {"{}"}


@pytest.mark.slow
def test_predictions_are_written_as_they_were_read(root):
    """The run's own predictions.jsonl holds the same patches, and none as an empty one."""
    text = (root / "data" / "baseline" / "predictions.jsonl").read_text(encoding="utf-8")
    found = {r["instance_id"]: r["model_patch"] for r in map(json.loads, text.splitlines())}
    assert found == {i: PATCHES.get(i) or "" for i in rows_of(root, tables.CANDIDATES)}
    assert text == predictions(list(rows_of(root, tables.CANDIDATES).values()), "predictions")


@pytest.mark.slow
def test_only_an_edited_patch_is_new(root):
    """Another file with the same patches is filled from the store; where one patch differs that one is graded anew."""
    publish(root, "other.json", PATCHES)
    said = climb(root, "baseline", ("resolve", "run", "score"))
    assert (said["run"], said["score"]) == ("run@baseline: new=0 reused=4", "score@baseline: new=0 reused=4")
    publish(root, "other.json", PATCHES | {"tiny2-1.0-1.1": "prose\n"})
    said = climb(root, "baseline", ("resolve", "run", "score"))
    assert (said["run"], said["score"]) == ("run@baseline: new=1 reused=3", "score@baseline: new=1 reused=3")
    assert rows_of(root, tables.SCORES)["tiny2-1.0-1.1"]["verdict"] == "patch_failed"
