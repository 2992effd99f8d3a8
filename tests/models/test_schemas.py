from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import BaseModel, Field

from bugladder.models.schemas import strict_schema
from bugladder.records import BugladderError


class Edit(BaseModel):
    """A made-up part of a reply."""

    file: str
    default: str = ""
    note: str = Field("", max_length=80, description="why")


class Plan(BaseModel):
    """A made-up reply with an own type beside words, a choice and a list."""

    main: Edit = Field(description="the edit that matters")
    others: list[Edit] = Field(default_factory=list)
    extra: Edit | None = None


def places(node: Any) -> list[dict[str, Any]]:
    """Every object schema in a schema."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    found = [node] if isinstance(node, dict) and node.get("type") == "object" else []
    return found + [place for value in inner for place in places(value)]


def test_every_object_is_closed_and_complete():
    """Each object of a strict schema forbids other keys and requires all of its own, below $defs too."""
    strict = strict_schema(Plan.model_json_schema())
    objects = places(strict)
    assert len(objects) == 2
    for node in objects:
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
    assert strict["$defs"]["Edit"]["required"] == ["file", "default", "note"]


def test_hints_go_and_properties_of_their_names_stay():
    """Defaults and lengths leave the schema, a property that is called "default" does not."""
    edit = strict_schema(Plan.model_json_schema())["$defs"]["Edit"]
    assert edit["properties"]["note"] == {"title": "Note", "type": "string", "description": "why"}
    assert edit["properties"]["default"] == {"title": "Default", "type": "string"}


def test_a_reference_has_no_neighbours():
    """A described reference becomes a choice of one, so that both the words and the reference survive."""
    strict = strict_schema(Plan.model_json_schema())
    assert strict["properties"]["main"] == {
        "description": "the edit that matters",
        "anyOf": [{"$ref": "#/$defs/Edit"}],
    }
    assert strict["properties"]["extra"]["anyOf"] == [{"$ref": "#/$defs/Edit"}, {"type": "null"}]


def test_one_of_becomes_any_of():
    """A tagged choice is written as anyOf, without its discriminator."""
    choice = {"oneOf": [{"type": "string"}, {"type": "integer"}], "discriminator": {"propertyName": "kind"}}
    strict = strict_schema({"type": "object", "properties": {"x": choice}})
    assert strict["properties"]["x"] == {"anyOf": [{"type": "string"}, {"type": "integer"}]}


def test_the_given_schema_is_left_alone():
    """Making a schema strict changes nothing in the one that was given, and doing it twice changes nothing more."""
    schema = Plan.model_json_schema()
    before = copy.deepcopy(schema)
    strict = strict_schema(schema)
    assert schema == before
    assert strict_schema(strict) == strict


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "array", "items": {"type": "string"}}, r"at \$:"),
        (
            {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "string"}}}},
            r"\.m",
        ),
        ({"type": "object", "properties": {"m": {"allOf": [{"type": "string"}, {"minLength": 1}]}}}, r"\.m"),
    ],
)
def test_what_has_no_strict_form_is_named(schema, place):
    """A root that is no object, free keys and merged schemas are errors that name their place."""
    with pytest.raises(BugladderError, match=place):
        strict_schema(schema)
