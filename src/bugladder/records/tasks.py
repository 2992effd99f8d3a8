"""One bug with its two sides, and what a solver makes of the side it may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bugladder.records.encoding import Files
from bugladder.records.environments import Environment
from bugladder.records.terms import Difficulty


@dataclass(frozen=True)
class Instance:
    """One bug as a dataset describes it: both sides, before controls and split."""

    instance_id: str
    dataset: str
    origin: str
    repo: str
    version: str
    created_at: str
    difficulty: Difficulty
    apparent_difficulty: Difficulty
    problem_statement: str
    reference_patch: str
    test_patch: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    environment: Environment
    operator: str | None = None
    issue_from_tests: bool = False
    """True where the issue text is made by control from failing public tests (origin injected)."""


@dataclass(frozen=True)
class Task:
    """The part of an instance that a solver may see."""

    instance_id: str
    dataset: str
    origin: str
    repo: str
    problem_statement: str
    environment: Environment
    public_fail_to_pass: tuple[str, ...]
    public_pass_to_pass: tuple[str, ...]
    apparent_difficulty: Difficulty
    protocol: str
    public_test_files: Files = field(default_factory=dict, hash=False)
    """Whole files laid over the environment for a solver: cut tests (None deletes)."""


@dataclass(frozen=True)
class Answer:
    """The part of an instance that only the grader may see.

    fail_to_pass and pass_to_pass are the ids left after the controls; the hidden lists are their
    hidden parts; units maps every listed id to its unit (the definition that holds its code).
    """

    instance_id: str
    reference_patch: str
    test_patch: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    hidden_fail_to_pass: tuple[str, ...]
    hidden_pass_to_pass: tuple[str, ...]
    difficulty: Difficulty
    units: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Candidate:
    """What a solver finally hands in: a unified diff (None for none) and whole new test files."""

    instance_id: str
    patch: str | None
    test_files: Files = field(default_factory=dict, hash=False)
    iterations: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Attempt:
    """One row of what a solver tried.

    Counts are of test ids; `gates` counts by gate what it found in this row's replies; `detail` is free JSON.
    """

    iteration: int
    step: str
    patch_sha256: str | None
    public_fail_to_pass_passed: int | None
    public_pass_to_pass_passed: int | None
    stop_reason: str
    seconds: float
    tokens_in: int = 0
    tokens_out: int = 0
    gates: dict[str, int] = field(default_factory=dict, hash=False)
    detail: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Solution:
    """What `Solver.solve` returns. was_cut tells that a safety net of seconds decided: such a result is not stored."""

    candidate: Candidate
    attempts: tuple[Attempt, ...]
    was_cut: bool = False


@dataclass(frozen=True)
class SelectionRow:
    """What selection orders by, one light row per instance. fail_to_pass_units and patch_lines are counts."""

    instance_id: str
    repo: str
    origin: str
    difficulty: Difficulty
    fail_to_pass_units: int
    patch_lines: int
    created_at: str
