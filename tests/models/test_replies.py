from __future__ import annotations

import json

import pytest

from bugladder.models.connections import Endpoint
from bugladder.models.replies import read_reply, read_usage
from bugladder.records.chats import Reply, TryError, Usage

ASKED = Endpoint("http://localhost:1/v1", "m", 1.0)


def body(**message):
    """A completion with one choice."""
    return {"model": "m-1", "choices": [{"message": message, "finish_reason": "stop"}]}


def read(completion, **options):
    """Read a completion as a server would send it."""
    return read_reply(json.dumps(completion).encode(), ASKED, **options)


def test_a_sparse_reply_is_a_reply():
    """A server that leaves out usage, model, finish reason and refusal still answers; nothing is made up."""
    assert read({"choices": [{"message": {"content": "x"}}]}) == Reply("x", "unknown", "m", None)


def test_parts_are_joined_and_null_is_empty():
    """A content of parts is their text in order; a null content is an empty text."""
    assert read(body(content=[{"type": "text", "text": "a"}, {"type": "image"}, {"text": "b"}])).text == "ab"
    assert read(body(content=None)).text == ""


def test_the_raw_message_only_where_asked_for():
    """Tool calls come back as they are for a raw question and not at all for another."""
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    assert read(body(content=None, tool_calls=calls), keeps_raw=True).raw == {"content": None, "tool_calls": calls}
    assert read(body(content=None, tool_calls=calls)).raw is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>busy</html>", "no JSON object"),
        (b'{"choices": [{', "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (b"[1]", "no JSON object"),
        (b"", "no JSON object"),
        (b'{"choices": []}', "no choice"),
        (b'{"choices": null}', "no choice"),
        (b'{"choices": ["x"]}', "no choice"),
        (b'{"choices": [{"message": "x"}]}', "no choice"),
        (b'{"error": {"message": "upstream\\nis down"}}', "upstream is down"),
    ],
)
def test_nonsense_is_a_failed_try_that_may_be_charged(data, words):
    """A body without a message is a failed try on one line; the server may have counted tokens for it."""
    with pytest.raises(TryError, match=words) as caught:
        read_reply(data, ASKED)
    assert caught.value.may_be_charged
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "node",
    [
        None,
        [],
        {},
        {"prompt_tokens": 5},
        {"prompt_tokens": 5, "completion_tokens": None},
        {"prompt_tokens": -1, "completion_tokens": 2},
        {"prompt_tokens": True, "completion_tokens": 2},
        {"prompt_tokens": "5", "completion_tokens": 2},
    ],
)
def test_nonsense_usage_is_no_usage(node):
    """Tokens that are missing, negative or no numbers are unknown, never zero."""
    assert read_usage(node) is None


def test_parts_of_tokens_never_exceed_them():
    """Cached tokens are a part of the input's and reasoning ones of the output's, whatever the server says."""
    node = {
        "prompt_tokens": 10,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 99},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    assert read_usage(node) == Usage(10, 4, tokens_cached=10, tokens_reasoning=3)
    assert read_usage({**node, "prompt_tokens_details": None}) == Usage(10, 4, tokens_cached=0, tokens_reasoning=3)
