"""Decides in which order planted edits are tried: seeded, spread over operators, functions and files."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bugladder.datasets.injection import OPERATORS, Site, sites
from bugladder.records import BugladderError


@dataclass(frozen=True)
class Draw:
    """One edit to try: a source file, an operator and its site there."""

    path: str
    operator: str
    site: Site


def draws(sources: Mapping[str, bytes], rng: random.Random) -> Iterator[Draw]:
    """All edits of a release's sources, in rounds that take one edit of each operator that has any left.

    Args:
        sources: content by path; a file that does not parse offers nothing.
        rng: decides the order of operators in a round, and of each operator's edits.
    """
    found: dict[str, list[Draw]] = {o.name: [] for o in OPERATORS}
    # file by file, so that each is parsed once
    for path in sorted(sources):
        for name, draws_of in found.items():
            draws_of.extend(Draw(path, name, site) for site in _sites(sources[path], name))
    queues = {name: _queue(draws_of, rng) for name, draws_of in found.items()}
    while queues:
        names = sorted(queues)
        rng.shuffle(names)
        for name in names:
            if queues[name]:
                yield queues[name].pop()
            else:
                del queues[name]


def _queue(found: list[Draw], rng: random.Random) -> list[Draw]:
    """One operator's edits, shuffled, a function's second edit after every function's first; taken from the end."""
    rng.shuffle(found)
    seen: Counter[tuple[str, str]] = Counter()
    ranked = []
    for draw in found:
        place = (draw.path, draw.site.function)
        ranked.append((seen[place], draw))
        seen[place] += 1
    return [draw for _, draw in sorted(ranked, key=lambda pair: -pair[0])]


def _sites(source: bytes, operator: str) -> list[Site]:
    try:
        return sites(source, operator)
    except BugladderError:
        return []
