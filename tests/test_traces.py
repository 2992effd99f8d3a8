"""What traces promise, before anyone keeps them."""

import pytest
from made_up_phase import call, instance_id, transcript

from bugladder.records import BugladderError
from bugladder.traces import instance_traces, span_documents


def test_calls_of_an_instance_follow_each_other():
    """Each call begins where the one before ended, and the trace lasts as long as all of them."""
    (trace,) = instance_traces([call(0, 0, latency_s=1.5), call(0, 1, latency_s=2.5)], [])
    assert [(s.start_s, s.latency_s) for s in trace.spans] == [(0.0, 1.5), (1.5, 2.5)]
    assert trace.seconds == 4.0


def test_a_call_is_joined_with_what_was_said():
    """Messages and reply come from the transcript of the same call; a lost try has neither, and its asked model."""
    calls = [call(0, 0), call(0, 1, is_lost=True, model_answered="")]
    (trace,) = instance_traces(calls, [transcript(0, 0), transcript(9, 0)])
    used, lost = trace.spans
    assert (used.messages[0]["content"], used.reply, used.facts["template"]) == (
        "made up", "made up", "fix.jinja@0123456789ab",
    )  # fmt: skip
    assert (lost.messages, lost.reply, lost.model) == (None, "", "made-up")


def test_no_calls_make_no_traces():
    """An instance that asked nothing has nothing to show."""
    assert instance_traces([], [transcript(0, 0)]) == ()


def test_unreadable_messages_name_their_call():
    """A broken table is one line with the call."""
    with pytest.raises(BugladderError, match=rf"{instance_id(0)}/0: transcripts\.messages is not JSON"):
        instance_traces([call(0, 0)], [transcript(0, 0, messages="[")])


def test_equal_traces_are_equal_documents():
    """Ids follow from the trace and its calls, so that writing them twice writes the same spans."""
    (trace,) = instance_traces([call(0, 0), call(0, 1)], [])
    first, again = (span_documents(trace, "tr-" + "a" * 32, 1_000) for _ in range(2))
    assert first == again
    assert len({document["span_id"] for document in first}) == 3
    assert {document["parent_span_id"] for document in first} == {"", first[0]["span_id"]}
