"""The shapes of a model's replies, their JSON schemas, and the reading of a reply however it is wrapped (gate G0)."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Part(BaseModel):
    # a schema for strict servers names every key as required; servers without schemas may leave the optional ones out
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


class Opening(_Part):
    """Lines of a file that the model wants to see."""

    file: str = Field(description="path as listed in the tree")
    first_line: int = Field(description="first line, from 1")
    last_line: int = Field(description="last line, 0 for the end of the file")


class NewFile(_Part):
    """A whole new file."""

    path: str = Field(description="path of a file that does not exist yet")
    content: str = Field(description="the whole file")


class ScriptEdit(_Part):
    """One replacement of a text that stands exactly once in a file."""

    file: str = Field(description="path as listed in the tree")
    search: str = Field(description="text copied exactly from the file, standing there exactly once")
    replacement: str = Field(description="what stands there instead; empty to delete")


class WholeFile(_Part):
    """A file as it should be."""

    file: str = Field(description="path as listed in the tree")
    content: str = Field(description="the whole file, nothing left out")


class Response(_Part):
    """What every reply holds: thoughts, and requests for more code, which count only where nothing is answered."""

    analysis: str = Field(default_factory=str, description="where the cause is and why; a few sentences")
    open: list[Opening] = Field(default_factory=list, description="lines to see before answering; else empty")
    search: list[str] = Field(default_factory=list, description="texts to look for before answering; else empty")

    @property
    def is_empty(self) -> bool:
        """True where the reply holds no answer."""
        raise NotImplementedError

    @property
    def is_request(self) -> bool:
        """True where the model asks for code instead of answering."""
        return self.is_empty and bool(self.open or self.search)


class TestsReply(Response):
    """New test files."""

    files: list[NewFile] = Field(default_factory=list, description="new test files")

    @property
    def is_empty(self) -> bool:
        """True without files."""
        return not self.files


class ScriptReply(Response):
    """An edit script."""

    edits: list[ScriptEdit] = Field(default_factory=list, description="edits, applied in this order")

    @property
    def is_empty(self) -> bool:
        """True without edits."""
        return not self.edits


class WholeFileReply(Response):
    """Whole files."""

    files: list[WholeFile] = Field(default_factory=list, description="every changed file, whole")

    @property
    def is_empty(self) -> bool:
        """True without files."""
        return not self.files


R = TypeVar("R", bound=Response)


def schema_of(shape: type[Response]) -> dict[str, Any]:
    """JSON schema of a reply: every key required, none beyond them."""
    return shape.model_json_schema(mode="serialization")


def parse(text: str, shape: type[R]) -> R | str:
    """A reply's text in its shape, or one sentence that tells what is wrong with it.

    Fences, words around the JSON object and raw line breaks inside its texts are let pass: not every server holds a
    model to a schema.
    """
    value = _object(text, shape)
    if value is None:
        return f"the reply holds no complete JSON object with the keys {', '.join(shape.model_fields)}"
    if not _is_unicode(value):
        return "the reply holds half a surrogate pair; it should be text that UTF-8 can write"
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        return f"{key}: {first['msg']}"


def _object(text: str, shape: type[Response]) -> dict[str, Any] | None:
    """The first JSON object in a text that has one of the shape's keys; a part of a cut object has none."""
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            value, end = None, at + 1
        if isinstance(value, dict) and not shape.model_fields.keys().isdisjoint(value):
            return value
        at = text.find("{", end)
    return None


def _is_unicode(value: dict[str, Any]) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError):
        return False
    return True
