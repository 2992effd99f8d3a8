"""The parts of a page: sections of paragraphs, tables of ready text, and pictures; templates only lay them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bugladder.reporting.text import number

Row = Mapping[str, Any]
Column = tuple[str, str | Callable[[Row], str]]
"""A header, and the key of a column or a function that makes the cell."""


@dataclass(frozen=True)
class Grid:
    """A table of ready text, not yet escaped."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure by its file name without ending, and what it shows, for readers who do not see it."""

    name: str
    shows: str


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it, in this order."""

    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Page:
    """A whole page: its title, the sentence to read if only one is read, and sections."""

    title: str
    headline: str
    lead: tuple[str, ...] = ()
    sections: tuple[Section, ...] = field(default=())


def grid(rows: Iterable[Row], columns: Sequence[Column], title: str = "") -> Grid:
    """A table of the given columns; values are written for people."""
    header = tuple(name for name, _ in columns)
    cells = tuple(tuple(_cell(row, source) for _, source in columns) for row in rows)
    return Grid(header, cells, title)


def _cell(row: Row, source: str | Callable[[Row], str]) -> str:
    return number(row[source]) if isinstance(source, str) else source(row)
