import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_bug import PROJECT

from bugladder.records import BugladderError, Difficulty, Environment, RunnerSpec, SdistSource, Task
from bugladder.solvers.predictions import PredictionsSolver
from bugladder.solvers.published import read_predictions
from bugladder.workspace.patches import make_patch, split_patch, touched_paths

REAL = PROJECT.parent / "shared" / "data" / "lite_predictions.parquet"
PATCH = make_patch({"a.py": b"x\n"}, {"a.py": b"y\n"})
LARGE = make_patch({}, {"big.txt": b"a line of a log\n" * 52_000})
AWKWARD = {
    "touches a test": make_patch({"tests/test_a.py": b"x\n"}, {"tests/test_a.py": b""}),
    "CRLF": PATCH.replace("\n", "\r\n"),
    "no newline at the end": PATCH.rstrip("\n"),
    "a binary hunk": make_patch({}, {"a.bin": bytes(range(256))}),
    "blanks around it": f"\n\n{PATCH}\n\n",
    "bytes that are no UTF-8": make_patch({"a.py": b"# caf\xe9\n"}, {"a.py": b"# caf\xe9s\n"}),
    "more than 800 KB": LARGE,
}


def task(instance_id="sympy__sympy-1"):
    """A task of that id; nothing else of it is looked at."""
    environment = Environment(SdistSource("mini", "1.0", "mini-1.0.tar.gz", "0" * 64), (), RunnerSpec("pytest", ("t",)))
    return Task(instance_id, "swe_bench", "lite", "sympy/sympy", "words", environment, (), (), Difficulty.EASY, "blind")


def row(patch=PATCH, instance_id="sympy__sympy-1", model="mine"):
    """A row of the field's format."""
    return {"instance_id": instance_id, "model_name_or_path": model, "model_patch": patch}


def written(path, rows):
    """A file of rows, in the format of its ending."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def solver(path, *rows, **settings):
    """The solver on a file of these rows."""
    return PredictionsSolver("predictions", str(written(path, list(rows))), **settings)


@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.parquet"])
def test_every_format_hands_in_the_patch(tmp_path, name):
    """From each format the same patch is handed in, without tests and without rounds, and its author is the reason."""
    made = solver(tmp_path / name, row(), row("other", "django__django-1"))
    solution = made.solve(task())
    assert solution.candidate.patch == PATCH
    assert (solution.candidate.test_files, solution.candidate.iterations) == ({}, None)
    assert solution.candidate.reason == "patch of mine"
    assert [(a.step, a.stop_reason) for a in solution.attempts] == [("totals", "patch of mine")]
    assert not solution.was_cut


def test_a_map_by_instance_id(tmp_path):
    """A JSON object maps ids to rows, which may leave their id out."""
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"sympy__sympy-1": {"model_name_or_path": "mine", "model_patch": PATCH}}))
    assert PredictionsSolver("predictions", str(path)).solve(task()).candidate.patch == PATCH


@pytest.mark.parametrize("patch", AWKWARD.values(), ids=AWKWARD)
def test_a_patch_is_handed_in_as_it_stands(tmp_path, patch):
    """No character of an awkward patch is changed, and its paths can be told."""
    assert solver(tmp_path / "p.jsonl", row(patch)).solve(task()).candidate.patch == patch
    assert len(touched_paths(patch)) == 1


@pytest.mark.parametrize("patch", ["", None, " \n\t\n", float("nan")])
def test_an_empty_patch_is_none(tmp_path, patch):
    """What is empty, blank or null is no patch, and the reason says that there was a row."""
    candidate = solver(tmp_path / "p.jsonl", row(patch)).solve(task()).candidate
    assert (candidate.patch, candidate.reason) == (None, "empty patch of mine")


def test_an_instance_without_a_prediction_has_no_patch(tmp_path):
    """An instance that the file does not have gets no patch, and the reason says whose is missing."""
    candidate = solver(tmp_path / "p.jsonl", row()).solve(task("other")).candidate
    assert (candidate.patch, candidate.reason) == (None, "no prediction of mine")


def test_half_a_character_is_marked(tmp_path):
    """Half of a pair of surrogates, which no file can hold, becomes the replacement character."""
    patch = solver(tmp_path / "p.jsonl", row(f"{PATCH}\ud83d")).solve(task()).candidate.patch
    assert patch == f"{PATCH}\ufffd"


def test_equal_rows_are_one_and_different_ones_an_error(tmp_path):
    """A repeated row changes nothing; another patch for the same instance is an error with both."""
    twice = solver(tmp_path / "p.jsonl", row(), row("x", "other"), row()).solve(task())
    assert twice.candidate.patch == PATCH
    assert twice.attempts[0].detail["rows"] == 2
    assert solver(tmp_path / "q.jsonl", row(""), row(None)).solve(task()).candidate.patch is None
    with pytest.raises(BugladderError, match=r"r\.jsonl: row 3: another patch of mine for sympy__sympy-1"):
        solver(tmp_path / "r.jsonl", row(), row("x", "other"), row("x")).solve(task())


def test_one_of_several_models_is_chosen(tmp_path):
    """Where a file holds several models the setting chooses; without it, or with an unknown one, the names are told."""
    rows = (row("a", model="one"), row("b", model="two"))
    path = tmp_path / "p.jsonl"
    assert solver(path, *rows, model_name="two").solve(task()).candidate.patch == "b"
    with pytest.raises(BugladderError, match=r"several models; solver\.model_name chooses: one, two"):
        solver(path, *rows).solve(task())
    with pytest.raises(BugladderError, match=r"solver\.model_name: .* no predictions of 'three'; of: one, two"):
        solver(path, *rows, model_name="three").solve(task())


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "p.json holds no predictions; files.predictions in params.yaml should name"),
        (["x"], "row 1: should map instance_id, model_name_or_path and model_patch to values"),
        ([row(), {"model_patch": ""}], "row 2: instance_id should be a text"),
        ([row(model=None)], "row 1: sympy__sympy-1: model_name_or_path should be a text"),
        ([row(["x"])], "row 1: sympy__sympy-1: model_patch should be a text or null"),
        ([{"instance_id": "a", "model_name_or_path": "m", "patch": ""}], "row 1: a: model_patch is missing"),
    ],
)
def test_a_row_that_is_none_is_an_error_with_its_id(tmp_path, rows, words):
    """A missing or ill-typed value is told in one line with file, row and id, and not taken for an empty patch."""
    with pytest.raises(BugladderError, match=words) as caught:
        solver(tmp_path / "p.json", *rows).solve(task())
    assert "\n" not in str(caught.value)


def test_what_is_given_decides_and_the_files_name_does_not(tmp_path):
    """What a result is stored by changes with the patch of that instance alone."""
    given = solver(tmp_path / "p.jsonl", row()).given(task())
    assert solver(tmp_path / "q.json", row("x", "other"), row()).given(task()) == given
    assert solver(tmp_path / "r.json", row("x")).given(task()) != given
    assert solver(tmp_path / "s.json", row(model="yours")).given(task()) != given


def test_an_edited_file_is_read_anew(tmp_path):
    """A file that changed while the process lives is not served from memory."""
    made = solver(tmp_path / "p.jsonl", row())
    assert made.solve(task()).candidate.patch == PATCH
    os.utime(written(Path(made.file), [row("x")]), (1, 1))
    assert made.solve(task()).candidate.patch == "x"


@pytest.mark.skipif(not REAL.is_file(), reason=f"the real data is not here: {REAL.name}")
def test_real_predictions_read_whole():
    """All published patches of two systems read; each that is not empty names its files and falls into whole blocks."""
    found = read_predictions(REAL)
    assert {name: len(rows) for name, rows in found.models.items()} == {
        "20240402_sweagent_gpt4": 299,
        "20240523_aider": 300,
    }
    patches = [p.patch for rows in found.models.values() for p in rows.values()]
    assert patches.count(None) == 25
    for patch in filter(None, patches):
        assert touched_paths(patch)
        assert "".join(split_patch(patch)) == patch
