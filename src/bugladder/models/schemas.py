"""Decides what of a JSON schema a strict server accepts: closed objects, every property required, no mere hints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bugladder.records import BugladderError

# Strict decoding knows no defaults and refuses these; whoever reads the reply checks them anyway.
_REFUSED = frozenset({
    "$schema", "contains", "default", "discriminator", "examples", "maxContains", "maxLength", "maxProperties",
    "minContains", "minLength", "minProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties",
    "uniqueItems",
})  # fmt: skip
_NAMED_SCHEMAS = ("$defs", "definitions", "properties")
_ANNOTATIONS = frozenset({"title", "description"})


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as strict structured output wants it; the given one is left as it is, $defs stay.

    A property that was optional becomes required as it stands: a model then always writes it.

    Raises:
        BugladderError: names the place that has no strict form (free keys, merged schemas, a root that is no object).
    """
    strict = _strict(schema, "$")
    if strict.get("type") != "object":
        raise BugladderError("schema at $: strict output needs an object at the root; wrap the value in one")
    return strict


def _strict(node: Mapping[str, Any], path: str) -> dict[str, Any]:
    found = {key: _strict_value(key, value, f"{path}.{key}") for key, value in node.items() if key not in _REFUSED}
    if "properties" in found or found.get("type") == "object":
        return _closed(found, path)
    if "$ref" in found and len(found) > 1:
        # a reference may have no neighbours; a choice of one may have words beside it
        return {**_words(found), "anyOf": [{"$ref": found["$ref"]}]}
    return _without_combinations(found, path)


def _strict_value(key: str, value: Any, path: str) -> Any:
    if key in _NAMED_SCHEMAS:
        return {name: _strict(inner, f"{path}.{name}") for name, inner in value.items()}
    if key in {"anyOf", "oneOf", "allOf"}:
        return [_strict(inner, f"{path}[{i}]") for i, inner in enumerate(value)]
    if key == "items":
        return _strict(value, path)
    return value


def _closed(node: dict[str, Any], path: str) -> dict[str, Any]:
    if "patternProperties" in node or node.get("additionalProperties", False) is not False:
        raise BugladderError(f"schema at {path}: strict output has no free keys; use a list of {{key, value}} objects")
    properties = node.get("properties", {})
    return {**node, "properties": properties, "required": list(properties), "additionalProperties": False}


def _without_combinations(node: dict[str, Any], path: str) -> dict[str, Any]:
    if len(node.get("allOf", [])) > 1:
        raise BugladderError(f"schema at {path}: strict output has no allOf; write the merged schema")
    choices = [*node.pop("allOf", []), *node.pop("oneOf", []), *node.get("anyOf", [])]
    return {**node, "anyOf": choices} if choices else node


def _words(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key in _ANNOTATIONS}
