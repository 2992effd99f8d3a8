import pytest

from bugladder.records import BugladderError, tables
from bugladder.running.collecting import run_tables
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
