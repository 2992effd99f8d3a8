import pytest
from tiny_bug import FAIL_TO_PASS, PASS_TO_PASS

from bugladder.records import Answer, Candidate, Difficulty, Task
from bugladder.records.rows import answer_row, candidate_row, instance_row, task_row
from bugladder.running.grade_items import control_item, grade_item, grades
from bugladder.running.items import BatchResult, ItemResult, ItemStatus, PausedError
from bugladder.sandboxes.local import LocalSandbox

SLICE = {"split": {"public_ratio": 0.7}, "grading": {"repeats": 2}, "limits": {"test_timeout_s": 60.0}, "seed": 1}
SANDBOX = LocalSandbox()


@pytest.fixture
def rows(make_instance):
    """The rows of tasks, answers and candidates of the tiny bug with a patch."""
    instance = make_instance()
    answer = Answer(
        instance.instance_id, instance.reference_patch, instance.test_patch, FAIL_TO_PASS, PASS_TO_PASS,
        FAIL_TO_PASS, PASS_TO_PASS, Difficulty.EASY, {i: i for i in (*FAIL_TO_PASS, *PASS_TO_PASS)},
    )  # fmt: skip
    task = Task(instance.instance_id, "pypi", "release", "tiny", "words", instance.environment, (), (),
                Difficulty.EASY, "blind")  # fmt: skip
    candidate = candidate_row(Candidate(instance.instance_id, instance.reference_patch, {}))
    return task_row(task), answer_row(answer), candidate


def test_the_same_patch_is_graded_once(rows):
    """Who made a candidate, in how many rounds and how fast is no part of what its grade depends on."""
    task, answer, candidate = rows
    made_otherwise = {**candidate, "iterations": 7, "reason": "other words", "seconds": 99.0, "enforcement": '{"a": 1}'}
    first, second = (grade_item((task, answer, c), SLICE, SANDBOX) for c in (candidate, made_otherwise))
    assert first.key == second.key
    assert first.payload[2].patch == candidate["patch"]


@pytest.mark.parametrize("changed", ["patch", "answer", "settings", "sandbox"])
def test_a_grade_depends_on(rows, changed):
    """Another patch, another answer, another setting of grading or another sandbox limit is another grade."""
    task, answer, candidate = rows
    slice_ = {**SLICE, "grading": {"repeats": 3}} if changed == "settings" else SLICE
    sandbox = LocalSandbox(memory_mb=1024) if changed == "sandbox" else SANDBOX
    if changed == "patch":
        candidate = {**candidate, "patch": candidate["patch"] + "\n"}
    if changed == "answer":
        answer = {**answer, "hidden_fail_to_pass": answer["hidden_fail_to_pass"][:1]}
    assert grade_item((task, answer, candidate), slice_, sandbox).key != grade_item(rows, SLICE, SANDBOX).key


def test_a_control_depends_on_instance_and_split(make_instance):
    """The same instance under the same settings has the same key; another issue text or split another one."""
    row = instance_row(make_instance())
    item = control_item(row, SLICE, SANDBOX)
    assert item.payload.instance_id == item.id == row["instance_id"]
    assert control_item(dict(row), SLICE, SANDBOX).key == item.key
    assert control_item({**row, "problem_statement": "other words"}, SLICE, SANDBOX).key != item.key
    assert control_item(row, {**SLICE, "split": {"public_ratio": 0.5}}, SANDBOX).key != item.key


def test_grades_of_a_paused_batch_are_refused():
    """What was not graded never becomes a table; a failure keeps its reason."""
    done = ItemResult("a", ItemStatus.DONE, {"applied": True}, tries=1)
    failed = ItemResult("b", ItemStatus.FAILED, reason="no patch", error_class="PatchError", tries=1)
    found = grades(BatchResult({"a": done, "b": failed}))
    assert found["a"]["value"] == {"applied": True}
    assert (found["b"]["value"], found["b"]["reason"], found["b"]["error_class"]) == (None, "no patch", "PatchError")
    with pytest.raises(PausedError, match="1 not run"):
        grades(BatchResult({"a": done, "b": ItemResult("b", ItemStatus.NOT_RUN)}, "two crashes"))
