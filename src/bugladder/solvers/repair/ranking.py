"""Decides which mutants are tried and in which order: suspiciousness times the operator's prior, interleaved."""

from __future__ import annotations

import ast
import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bugladder.solvers.repair.localisation import Suspect
from bugladder.solvers.repair.operators import OPERATORS, Operator, Proposal, Site, collect
from bugladder.solvers.repair.source import Edit, SourceFile

# An operator's second and later proposals at one statement wait behind the first ones of other operators.
_REPEAT_COST = 0.5


@dataclass(frozen=True)
class Mutant:
    """One edit to try, with what ranks it."""

    edit: Edit
    operator: str
    prior: float
    line: int
    suspiciousness: float

    @property
    def size(self) -> int:
        """Characters taken out and put in."""
        return self.edit.end - self.edit.start + len(self.edit.text)


@dataclass(frozen=True, eq=False)
class Draft:
    """A proposal in its place in the order, not yet checked."""

    suspect: Suspect
    operator: Operator
    proposal: Proposal
    score: float


def drafts(suspects: Sequence[Suspect], rng: random.Random, operators: Sequence[Operator] = OPERATORS) -> list[Draft]:
    """Every operator's proposals at every suspect, best score first; equal scores in an order drawn from rng."""
    vocabularies = {path: collect(file) for path, file in {s.file.path: s.file for s in suspects}.items()}
    found = []
    for suspect in suspects:
        site = Site(suspect.file, suspect.statement, vocabularies[suspect.file.path])
        for operator in operators:
            for i, proposal in enumerate(operator.propose(site)):
                score = suspect.suspiciousness * operator.prior / (1 + _REPEAT_COST * i)
                found.append((Draft(suspect, operator, proposal, score), rng.random()))
    found.sort(key=lambda pair: (-pair[0].score, pair[1]))
    return [draft for draft, _ in found]


def mutants(ordered: Iterable[Draft], limit: int) -> list[Mutant]:
    """The first `limit` drafts that parse, change the syntax tree, and give no tree that an earlier one gave."""
    checkers: dict[str, ChunkChecker] = {}
    seen: set[tuple[str, tuple[int, int], str]] = set()
    chosen: list[Mutant] = []
    for draft in ordered:
        if len(chosen) >= limit:
            break
        file = draft.suspect.file
        chunk = draft.suspect.statement.chunk
        checker = checkers.setdefault(file.path, ChunkChecker(file))
        found = checker.checked(draft.proposal, chunk)
        if found is None or (file.path, chunk, found[1]) in seen:
            continue
        seen.add((file.path, chunk, found[1]))
        operator, statement = draft.operator, draft.suspect.statement
        chosen.append(Mutant(found[0], operator.name, operator.prior, statement.line, draft.suspect.suspiciousness))
    return chosen


@dataclass
class ChunkChecker:
    """Parses the outermost definition around an edit instead of the whole file, which costs far less."""

    file: SourceFile
    _originals: dict[tuple[int, int], str | None] = field(default_factory=dict)

    def checked(self, proposal: Proposal, chunk: tuple[int, int]) -> tuple[Edit, str] | None:
        """The proposal's edit and the digest of its syntax tree; None where it does not parse or changes nothing."""
        start, end = self.file.span(proposal.node)
        bare = Edit(self.file.path, start, end, proposal.text)
        digest = self._digest(bare, chunk)
        if proposal.is_loose:
            held = Edit(self.file.path, start, end, f"({proposal.text})")
            intended = self._digest(held, chunk)
            if digest != intended:
                bare, digest = held, intended
        return None if digest is None or digest == self._original(chunk) else (bare, digest)

    def _original(self, chunk: tuple[int, int]) -> str | None:
        if chunk not in self._originals:
            self._originals[chunk] = _digest(_wrapped(self.file.content, chunk[0], chunk[1]))
        return self._originals[chunk]

    def _digest(self, edit: Edit, chunk: tuple[int, int]) -> str | None:
        content = edit.apply(self.file.content)
        is_inside = chunk[0] <= edit.start and edit.end <= chunk[1]
        if not is_inside or self._original(chunk) is None:
            # an `elif` or `except` of module level cannot be parsed alone
            found = _digest(content)
            return None if found is None or found == _digest(self.file.content) else found
        grown = len(content) - len(self.file.content)
        return _digest(_wrapped(content, chunk[0], chunk[1] + grown))


def _wrapped(content: bytes, start: int, end: int) -> bytes:
    """A part of a file as a text of its own, under a header where it is indented."""
    head = content[content.rfind(b"\n", 0, start) + 1 : start]
    if not head or head.strip():
        return content[start:end]
    return b"if True:\n" + head + content[start:end]


def _digest(text: bytes) -> str | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    return hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest()


def rank(plausible: Iterable[tuple[int, Mutant]]) -> Iterator[tuple[int, Mutant]]:
    """Plausible mutants, most trustworthy first: operator prior, suspiciousness, smaller edit, order of trial."""
    return iter(sorted(plausible, key=lambda p: (-p[1].prior, -p[1].suspiciousness, p[1].size, p[0])))
