import json

import pytest

from bugladder.records import BugladderError, tables
from bugladder.running.collecting import predictions, run_tables, system_name
from bugladder.running.items import BatchResult, ItemResult, ItemStatus, PausedError
from bugladder.running.metering.ledger import BookedTry, TryOutcome

CANDIDATE = {
    "instance_id": "a", "patch": "p", "test_files": "{}", "iterations": 2, "reason": "", "seconds": 1.0,
    "enforcement": "{}",
}  # fmt: skip
CALL = {
    "call_id": "a/1", "instance_id": "a", "iteration": 1, "step": "fix", "sample": 0, "request_hash": "h",
    "model_asked": "m", "model_answered": "m", "tokens_in": 1, "tokens_cached": 0, "tokens_out": 1,
    "tokens_reasoning": 0, "tokens_known": True, "latency_s": 0.5, "was_cached": False, "retries": 0,
    "finish_reason": "stop",
}  # fmt: skip
SAID = {
    "call_id": "a/1", "instance_id": "a", "iteration": 1, "step": "fix", "template": "t", "messages": "[]",
    "reply": "r", "refusal": "",
}  # fmt: skip
VALUE = {"candidate": CANDIDATE, "attempts": [], "calls": [CALL], "transcripts": [SAID], "was_cut": False}
FACTS = {
    "step": "fix", "iteration": 1, "sample": 0, "model_asked": "m", "tokens_in": 9, "tokens_cached": 0,
    "tokens_out": 9, "tokens_reasoning": 0, "tokens_known": False,
}  # fmt: skip


def done(instance_id="a", **changes):
    """An instance that came to a result."""
    return ItemResult(instance_id, ItemStatus.DONE, VALUE, tries=1, seconds=1.0, **changes)


def test_tables_of_every_fate(tmp_path):
    """A result, a failure, a crash and a cap each have a candidate's row; what was paid for them has a call's."""
    fates = {
        "a": done(),
        "b": ItemResult("b", ItemStatus.FAILED, reason="KeyError: x", error_class="KeyError", tries=1, seconds=2.0),
        "c": ItemResult("c", ItemStatus.INFRA_ERROR, reason="gone", error_class="InfrastructureError", tries=3),
        "d": ItemResult("d", ItemStatus.NOT_RUN, reason="cap", error_class="CapReachedError", tries=1, is_capped=True),
    }
    booked = [BookedTry("d", "x", TryOutcome.LOST, 5, FACTS, None), BookedTry("a", "h", TryOutcome.ANSWERED, 5, {}, {})]
    found = run_tables(BatchResult(fates), booked, max_iterations=8)
    for name, rows in found.items():
        tables.write(tables.ALL[name], rows, tmp_path / f"{name}.parquet")
    told = [(c["instance_id"], c["status"], c["infrastructure_class"], c["reason"]) for c in found["candidates"]]
    assert told == [
        ("a", "done", None, ""),
        ("b", "failed", None, "KeyError: x"),
        ("c", "infra_error", "InfrastructureError", "gone"),
        ("d", "not_run", None, "cap"),
    ]
    assert {c["max_iterations"] for c in found["candidates"]} == {8}
    assert [(c["call_id"], c["was_paid"], c["is_lost"]) for c in found["calls"]] == [
        ("a/1", True, False),
        ("d/lost-1", True, True),
    ]
    assert found["transcripts"] == [SAID]


def test_a_reused_result_was_paid_for_elsewhere():
    """The calls of a result from the store keep their tokens; this run has not paid for them."""
    (row,) = run_tables(BatchResult({"a": done(reused=True)}), [], None)["calls"]
    assert (row["was_paid"], row["is_lost"], row["tokens_in"]) == (False, False, 1)


def test_a_pause_writes_nothing():
    """Where a pause left work over there is no table."""
    left = ItemResult("b", ItemStatus.NOT_RUN, reason="the phase has spent it all")
    with pytest.raises(PausedError, match=r"spent it all; 1 not run \(first: b\)"):
        run_tables(BatchResult({"a": done(), "b": left}, "the phase has spent it all"), [], None)


def test_a_refused_key_ends_the_stage_with_its_words():
    """An input error is the stage's, in one line, and no solver's failure."""
    refused = ItemResult("a", ItemStatus.FAILED, reason="OPENAI_API_KEY: not set", is_input_error=True, pauses=True)
    with pytest.raises(BugladderError, match="run of a: OPENAI_API_KEY: not set"):
        run_tables(BatchResult({"a": refused}, "OPENAI_API_KEY: not set"), [], None)


def candidate(instance_id, patch, status="done"):
    """The columns of a candidate that predictions are made from."""
    return {"instance_id": instance_id, "patch": patch, "status": status}


def test_predictions_are_in_the_fields_format(tmp_path):
    """A line each of id, system and patch; no patch is an empty one, and what came to no result has no line."""
    rows = [
        candidate("a", "a\u2028patch\r\n"),
        candidate("b", None),
        candidate("c", None, "failed"),
        candidate("d", None, "infra_error"),
        candidate("e", None, "not_run"),
    ]
    found = [json.loads(line) for line in predictions(rows, "mine").splitlines()]
    assert [(f["instance_id"], f["model_patch"]) for f in found] == [("a", "a\u2028patch\r\n"), ("b", ""), ("c", "")]
    assert {f["model_name_or_path"] for f in found} == {"mine"}


def test_a_prediction_can_be_written_as_text():
    """What the harness writes to a file as UTF-8 is text; a byte that is none is marked."""
    (found,) = predictions([candidate("a", "+# caf\udce9\n+\U0001f40e\ud83d\n")], "mine").splitlines()
    patch = json.loads(found)["model_patch"]
    assert patch.encode().decode() == "+# caf\ufffd\n+\U0001f40e\ufffd\n"


@pytest.mark.slow
def test_the_official_harness_reads_the_predictions(tmp_path):
    """The official package loads the file whole and knows which instance has no patch."""
    utils = pytest.importorskip("swebench.harness.utils", reason="the official package is not installed")
    path = tmp_path / "predictions.jsonl"
    path.write_text(predictions([candidate("a", "x\n"), candidate("b", None)], "mine"), encoding="utf-8")
    found = {p["instance_id"]: p["model_patch"] for p in utils.get_predictions_from_file(str(path), "none", "test")}
    assert found == {"a": "x\n", "b": ""}


@pytest.mark.parametrize(
    ("solver", "model", "system"),
    [
        ({"name": "search"}, "none", "search"),
        ({"name": "loop"}, "gpt-4o", "loop+gpt-4o"),
        ({"name": "predictions", "model_name": None}, "none", "predictions"),
        ({"name": "predictions", "model_name": "20240523_aider"}, "none", "20240523_aider"),
    ],
)
def test_predictions_name_their_system(solver, model, system):
    """A system is a solver with its model, and published patches keep their author."""
    assert system_name({"solver": solver, "model": {"name": model}}) == system
