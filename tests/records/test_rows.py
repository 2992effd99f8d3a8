import pytest

from bugladder.records import (
    Answer,
    Attempt,
    Candidate,
    Difficulty,
    Environment,
    Instance,
    Kind,
    Outcome,
    RunnerSpec,
    SdistSource,
    Side,
    Task,
    TestOutcome,
    rows,
    tables,
)

FILES = {"tests/a.py": b"x = 1\r\n", "tests/\u00fc.bin": bytes(range(256)), "tests/gone.py": None, "tests/empty": b""}
SPEC = RunnerSpec("pytest", ("tests", "more"), (".", "src"), (("A", "1"), ("B", "2=3")), ("-p", "no:x"))
ENVIRONMENT = Environment(
    SdistSource("tiny", "1.0", "tiny-1.0.tar.gz", "0" * 64), ("a==1", "b==2"), SPEC, overlay=FILES
)
PATCH = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-caf\udce9\n+caf\u00e9 \u2028\n"


def instance(**values):
    """An instance with every field set to something of its own."""
    known = {
        "instance_id": "tiny-1", "dataset": "pypi", "origin": "injected", "repo": "tiny", "version": "1.0",
        "created_at": "2026-01-01", "difficulty": Difficulty.HARD, "apparent_difficulty": Difficulty.VERY_HARD,
        "problem_statement": "words\n", "reference_patch": PATCH, "test_patch": "",
        "fail_to_pass": ("t.py::a", "t.py::b[\u00fc]"), "pass_to_pass": (), "environment": ENVIRONMENT,
        "operator": "swap", "issue_from_tests": True,
    }  # fmt: skip
    return Instance(**{**known, **values})


TASK = Task(
    "tiny-1",
    "pypi",
    "release",
    "tiny",
    "words",
    ENVIRONMENT,
    ("t.py::a",),
    ("t.py::b",),
    Difficulty.EASY,
    "split",
    FILES,
)
ANSWER = Answer(
    "tiny-1", "patch", "tests", ("t.py::a", "t.py::c"), ("t.py::b",), ("t.py::c",), (), Difficulty.MEDIUM,
    {"t.py::a": "t.py::a", "t.py::c": "t.py::C.c"},
)  # fmt: skip
CANDIDATES = [
    Candidate("tiny-1", None, reason="nothing found"),
    Candidate("tiny-1", "", {}, 0),
    Candidate("tiny-1", "patch\n", FILES, 3, "done"),
]
OUTCOME = TestOutcome("t.py::a", Outcome.TIMEOUT, Kind.PASS_TO_PASS, Side.HIDDEN, "t.py::a", 1.25)
FATE = {"status": "done", "enforcement": "{}", "infrastructure_class": None, "max_iterations": None, "seconds": 1.0,
        "reused": False}  # fmt: skip


def through(table, row, path):
    """A row as it reads back from its table."""
    tables.write(table, [row], path / f"{table.name}.parquet")
    return tables.read(table, path / f"{table.name}.parquet")[0]


@pytest.mark.parametrize("values", [{}, {"operator": None, "issue_from_tests": False, "pass_to_pass": ("t.py::z",)}])
def test_an_instance_survives_its_table(values, tmp_path):
    """An instance is the same after its row has been written and read, its environment to the byte."""
    found = rows.instance_of(through(tables.INSTANCES, rows.instance_row(instance(**values)), tmp_path))
    assert found == instance(**values)
    assert found.environment.overlay == FILES
    assert found.environment.digest == ENVIRONMENT.digest
    assert isinstance(found.difficulty, Difficulty)


def test_a_task_and_an_answer_survive_their_tables(tmp_path):
    """Task and answer are the same after writing and reading, files and units included."""
    task = rows.task_of(through(tables.TASKS, rows.task_row(TASK), tmp_path))
    assert task == TASK
    assert task.public_test_files == FILES
    answer = rows.answer_of(through(tables.ANSWERS, rows.answer_row(ANSWER), tmp_path))
    assert answer == ANSWER
    assert answer.units == ANSWER.units


@pytest.mark.parametrize("candidate", CANDIDATES, ids=["none", "empty", "full"])
def test_a_candidate_survives_its_table(candidate, tmp_path):
    """No patch, an empty patch and a patch with tests stay three different things."""
    found = rows.candidate_of(through(tables.CANDIDATES, {**FATE, **rows.candidate_row(candidate)}, tmp_path))
    assert found == candidate
    assert found.test_files == candidate.test_files


def test_an_outcome_survives_its_table(tmp_path):
    """An outcome keeps its kinds as kinds; instance and arm stand beside it."""
    row = through(tables.OUTCOMES, rows.outcome_row("tiny-1", "control:inert", OUTCOME), tmp_path)
    assert (row["instance_id"], row["arm"]) == ("tiny-1", "control:inert")
    assert rows.outcome_of(row) == OUTCOME
    assert isinstance(rows.outcome_of(row).kind, Kind)


def test_an_attempt_fits_its_table(tmp_path):
    """An attempt's row is one of the table, its gates and its free part as canonical JSON."""
    free = {"b": [1], "a": {"\u00fc": None}}
    attempt = Attempt(2, "checked", None, 1, None, "passed", 0.5, gates={"G7": 1, "G0": 2}, detail=free)
    row = through(tables.ATTEMPTS, rows.attempt_row("tiny-1", attempt, "one commit"), tmp_path)
    assert row["gates"] == '{"G0":2,"G7":1}'
    assert row["detail"] == '{"a":{"\u00fc":null},"b":[1]}'
    assert (row["iteration"], row["patch_sha256"], row["public_fail_to_pass_passed"]) == (2, None, 1)


def test_a_task_row_holds_no_answer():
    """Of the columns of answers a task's row has only the instance's id."""
    assert set(rows.task_row(TASK)) & set(tables.ANSWERS.columns) == {"instance_id"}
