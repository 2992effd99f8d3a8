"""Ranks the spans of a repository by how much they share with a text: BM25 over names and words, split as code is."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import bm25s

from bugladder.solvers.debugging.repository import Repository, Symbol

# on import it makes its logger tell every step
logging.getLogger("bm25s").setLevel(logging.WARNING)

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# A name tells more about a function than a word of its body.
_NAME_WEIGHT = 3
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by can do does for from has have if in is it its no not of on or so than that the"
        " then there this to was we when which will with you self cls def return import none true false class assert",
    )
)


def words(text: str) -> list[str]:
    """The identifiers and words of a text in lower case, each followed by its parts where it has several."""
    return [word for word in _words(text) if len(word) > 1 and word not in _COMMON]


@dataclass(frozen=True)
class Index:
    """Spans that can be ranked; build it once per task with `Index.of`."""

    symbols: tuple[Symbol, ...]
    scorer: bm25s.BM25 | None

    @classmethod
    def of(cls, repository: Repository) -> Index:
        """An index of all source spans."""
        documents = [_document(repository, symbol) for symbol in repository.symbols]
        if not any(documents):
            return cls(repository.symbols, None)
        scorer = bm25s.BM25()
        scorer.index(documents, show_progress=False)
        return cls(repository.symbols, scorer)

    def scores(self, query: str) -> dict[Symbol, float]:
        """BM25 score by span, at most 1 (the best one's); 0 for all where nothing is shared."""
        asked = sorted(set(words(query)))
        if self.scorer is None or not asked:
            return dict.fromkeys(self.symbols, 0.0)
        raw = [float(score) for score in self.scorer.get_scores(asked)]
        best = max(raw) or 1.0
        return {symbol: score / best for symbol, score in zip(self.symbols, raw, strict=True)}


def ranked(scores: Iterable[tuple[Symbol, float]]) -> list[Symbol]:
    """Spans that have a score, best first; equal ones by path and line."""
    found = sorted(((-score, s.path, s.first, s) for s, score in scores if score > 0.0), key=lambda row: row[:3])
    return [row[3] for row in found]


def _document(repository: Repository, symbol: Symbol) -> list[str]:
    body = repository.lines(symbol.path)[symbol.first - 1 : symbol.last]
    return words(f"{symbol.path} {symbol.name} " * _NAME_WEIGHT) + words("\n".join(body))


def _words(text: str) -> Iterator[str]:
    for match in _IDENTIFIER.finditer(text):
        name = match.group()
        yield name.lower()
        parts = _PARTS.findall(name)
        if len(parts) > 1:
            yield from (part.lower() for part in parts)
