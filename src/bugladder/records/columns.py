"""A table's columns: their types, and Python values as Arrow's and back without a guess or a loss."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bugladder.records import BugladderError

_TYPES: dict[str, pa.DataType] = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "list": pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Table:
    """A table's name, key and columns. A column's type may end in "?" where null is allowed."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, in column order, with nullability."""
        return pa.schema(
            [pa.field(c, _TYPES[t.rstrip("?")], nullable=t.endswith("?")) for c, t in self.columns.items()]
        )


def to_arrow(table: Table, rows: Sequence[Mapping[str, Any]], path: Path) -> pa.Table:
    """Rows as an Arrow table of the table's schema.

    Raises:
        BugladderError: a value that does not have its column's type; names `path` and the column.
    """
    columns = []
    for (name, kind), field in zip(table.columns.items(), table.schema, strict=True):
        values = [row[name] for row in rows]
        # arrow itself would cut 3.5 to 3 and take a text for a list of letters
        odd = [v for v in values if v is not None and not _fits(v, kind.rstrip("?"))]
        if odd:
            raise BugladderError(f"{path}: column {name!r} should be {field.type}, got {str(odd[0])[:80]!r}")
        try:
            columns.append(pa.array([_escaped(v) for v in values], type=field.type))
        except (pa.ArrowInvalid, OverflowError) as error:
            raise BugladderError(f"{path}: column {name!r} should be {field.type}: {error}") from error
    return pa.Table.from_arrays(columns, schema=table.schema)


def _fits(value: Any, kind: str) -> bool:
    if kind == "list":
        return isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
    if kind == "str":
        return isinstance(value, str)
    if isinstance(value, bool | np.bool_) or kind == "bool":
        return kind == "bool" and isinstance(value, bool | np.bool_)
    return isinstance(value, Integral if kind == "int" else Real)


# A patch of a file that is no UTF-8 holds lone surrogates, which Parquet's text cannot: they stand as NUL and four
# hexadecimal digits, and so does NUL itself.
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_ESCAPE = re.compile("\0([0-9a-f]{4})")


def _escaped(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_escaped(v) for v in value]
    return _UNWRITABLE.sub(lambda m: f"\0{ord(m[0]):04x}", value) if isinstance(value, str) else value


def unescaped(value: Any) -> Any:
    """A value as it was before `to_arrow`, texts inside lists included."""
    if isinstance(value, list):
        return [unescaped(v) for v in value]
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), value) if isinstance(value, str) else value
