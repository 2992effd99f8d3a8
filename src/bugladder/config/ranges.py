"""Checks the numbers of built settings against the ranges in their annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from bugladder.records import BugladderError
from bugladder.records.ranges import Range


def check_ranges(settings: Any, where: str) -> None:
    """Compare every number of a dataclass, in what it holds too, with its annotation's range.

    Args:
        settings: an instance of a dataclass.
        where: the key or file that errors name.

    Raises:
        BugladderError: names the key, the range and the number.
    """
    hints = get_type_hints(type(settings), include_extras=True)
    for field in fields(settings):
        _check(getattr(settings, field.name), hints[field.name], f"{where}.{field.name}")


def _check(value: Any, hint: Any, where: str) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        check_ranges(value, where)
    for kind in _kinds(hint):
        inner = get_args(kind)
        if isinstance(value, int | float) and get_origin(kind) is Annotated:
            _check_number(value, kind.__metadata__, where)
        elif isinstance(value, Mapping) and len(inner) == 2:
            for key, item in value.items():
                _check(item, inner[1], f"{where}.{key}")
        elif isinstance(value, tuple | list) and inner:
            for index, item in enumerate(value):
                _check(item, inner[0] if Ellipsis in inner else inner[min(index, len(inner) - 1)], f"{where}.{index}")


def _check_number(value: float, metadata: Sequence[Any], where: str) -> None:
    for allowed in metadata:
        if isinstance(allowed, Range) and value not in allowed:
            raise BugladderError(f"{where}: should be {allowed} (got {value!r})")


def _kinds(hint: Any) -> Iterator[Any]:
    """What a hint allows, one at a time: the members of a union, else itself."""
    if get_origin(hint) in {Union, UnionType}:
        for member in get_args(hint):
            yield from _kinds(member)
    else:
        yield hint
