"""What a gate is given and gives back: a proposal, its limits, and findings in words that a model can act on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from bugladder.records import Files
from bugladder.records.paths import PathRules
from bugladder.solvers.debugging.gates.changes import Change

Severity = Literal["block", "warn"]


@dataclass(frozen=True)
class Finding:
    """What a gate found.

    Args:
        gate: its id, "G1" and so on.
        severity: block sends the proposal back; warn is passed on and counted.
        sentence: for the model: what is wrong where (file, line, name), and what to do instead.
    """

    gate: str
    severity: Severity
    sentence: str


@dataclass(frozen=True)
class GateLimits:
    """Limits of the gates.

    Args:
        patch_bytes: G1: bytes of a code patch.
        insertion_lines_code: G3: lines of one contiguous insertion into code.
        insertion_lines_tests: G3: the same for tests.
        repeated_statements: G2: statements, nested ones counted, from which on an existing block may not be repeated.
    """

    patch_bytes: int = 8192
    insertion_lines_code: int = 60
    insertion_lines_tests: int = 200
    repeated_statements: int = 5


@dataclass(frozen=True)
class Proposal:
    """What a model proposes, as whole files.

    Args:
        before: the files touched, as they are; None or absence means that the file is not there.
        after: the same files as they would be; None deletes.
        patch: the unified diff between the two.
        kind: a patch of the code, or new tests.
        public_test_files: paths of the task's public test files.
        rules: names that decide a path's class.
    """

    before: Files
    after: Files
    patch: str
    kind: Literal["code", "tests"]
    public_test_files: frozenset[str]
    rules: PathRules

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The files that differ, by path; a file that only one side names is absent on the other."""
        pairs = ((p, self.before.get(p), self.after.get(p)) for p in sorted({*self.before, *self.after}))
        return tuple(Change(path, old, new) for path, old, new in pairs if old != new)
