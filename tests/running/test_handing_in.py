import json

import pytest

from bugladder.records import Task, canonical_json
from bugladder.records.protocols import HandsIn
from bugladder.records.rows import task_row
from bugladder.running.handing_in import hand_in, hand_in_item
from bugladder.solvers.no_op import NoOpSolver
from bugladder.solvers.predictions import PredictionsSolver


@pytest.fixture
def publish(tmp_path):
    """Makes a solver of a file that holds one prediction, each in a file of its own name."""

    def make(instance_id, patch):
        row = {"instance_id": instance_id, "model_name_or_path": "mine", "model_patch": patch}
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
        path.write_text(json.dumps(row) + "\n")
        return PredictionsSolver("predictions", str(path))

    return make


def task_of(instance, **changes):
    """The task of an instance."""
    fields = {"origin": "release", "problem_statement": "words", "protocol": "blind"} | changes
    return Task(
        instance.instance_id, "pypi", fields["origin"], "tiny", fields["problem_statement"], instance.environment,
        (), (), instance.apparent_difficulty, fields["protocol"], {},
    )  # fmt: skip


def test_who_hands_in():
    """The solver of predictions needs no workspace; one that works on the task does."""
    assert isinstance(PredictionsSolver("predictions", "p.jsonl"), HandsIn)
    assert not isinstance(NoOpSolver(), HandsIn)


def test_a_result_holds_what_was_given(make_instance, publish):
    """What is handed in comes to rows that can be stored, without calls and without anything enforced."""
    task = task_of(make_instance())
    value = hand_in(publish(task.instance_id, "a patch"), task)
    assert canonical_json(value)
    assert value["candidate"]["patch"] == "a patch"
    assert (value["candidate"]["enforcement"], value["candidate"]["iterations"]) == ("{}", None)
    assert [(a["step"], a["stop_reason"]) for a in value["attempts"]] == [("totals", "patch of mine")]
    assert (value["calls"], value["transcripts"], value["was_cut"]) == ([], [], False)


def test_a_key_is_what_was_given(make_instance, publish):
    """The key of a result follows what is handed in for an instance, not the file's name nor the rest of the task."""
    instance = make_instance()

    def key(patch="a patch", **changes):
        return hand_in_item(task_row(task_of(instance, **changes)), publish(instance.instance_id, patch)).key

    assert key(problem_statement="other words", protocol="split") == key()
    assert key("another patch") != key()
