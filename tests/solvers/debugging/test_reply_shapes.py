from __future__ import annotations

import json

import pytest

from bugladder.solvers.debugging.replies import ScriptReply, TestsReply, WholeFileReply, parse, schema_of

EDIT = {"file": "a.py", "search": "x", "replacement": "y"}
OBJECT = {"analysis": "", "open": [], "search": [], "edits": [EDIT]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(OBJECT),
        json.dumps(OBJECT, indent=2),
        f"```json\n{json.dumps(OBJECT)}\n```",
        f"The set {{x}} is {{empty}}.\n\n{json.dumps(OBJECT)}\n\nThat is all {{really}}.",
        json.dumps({"edits": [EDIT]}),
    ],
    ids=["plain", "indented", "fenced", "among words", "without optional keys"],
)
def test_a_reply_is_read_however_it_is_wrapped(text):
    """Fences, words around it and missing optional keys do not keep a reply from being read."""
    found = parse(text, ScriptReply)
    assert isinstance(found, ScriptReply)
    assert found.edits[0].replacement == "y"


def test_raw_line_breaks_are_read():
    """A text with real line breaks inside, which JSON forbids, is read as it is meant."""
    found = parse('{"files": [{"path": "t.py", "content": "a\nb\n"}]}', TestsReply)
    assert found.files[0].content == "a\nb\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no complete JSON object"),
        ("I cannot see the file.", "no complete JSON object"),
        (json.dumps(OBJECT)[:-3], "no complete JSON object"),
        ('{"patch": "--- a"}', "no complete JSON object with the keys analysis, open, search, edits"),
        ('{"edits": [{"file": "a.py", "search": "x"}]}', "edits.0.replacement: Field required"),
        ('{"edits": "none"}', "edits: Input should be a valid list"),
        ('{"edits": [], "patch": ""}', "patch: Extra inputs are not permitted"),
        ('{"edits": [{"file": "a", "search": "\\ud800", "replacement": ""}]}', "half a surrogate pair"),
        ('{"edits":' + "[" * 100_000, "no complete JSON object"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text, words):
    """A reply that is cut, prose, of another shape, unwritable or endlessly nested gives a sentence, no exception."""
    found = parse(text, ScriptReply)
    assert isinstance(found, str)
    assert words in found
    assert "\n" not in found


@pytest.mark.parametrize("shape", [TestsReply, ScriptReply, WholeFileReply])
def test_schemas_suit_strict_servers(shape):
    """Every object of a schema requires all its keys, forbids others, and has no defaults."""
    schema = schema_of(shape)
    for node in (schema, *schema["$defs"].values()):
        assert node["required"] == list(node["properties"])
        assert node["additionalProperties"] is False
    assert '"default"' not in json.dumps(schema)


def test_a_request_is_a_reply_without_an_answer():
    """A reply that asks for code counts as a request only where it holds no answer."""
    asks = {"search": ["x"], "open": []}
    assert parse(json.dumps(asks), ScriptReply).is_request
    assert not parse(json.dumps({**asks, "edits": [EDIT]}), ScriptReply).is_request
    assert not parse('{"edits": []}', ScriptReply).is_request
