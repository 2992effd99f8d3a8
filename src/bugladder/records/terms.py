"""The words that cross room borders: enums of outcomes, sides and verdicts, and the two errors."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """Result of one test in one arm. Only PASSED is a pass; the runner folds xfailed and xpassed into it."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    MISSING = "missing"
    TIMEOUT = "timeout"


class Kind(StrEnum):
    """Why a test is looked at."""

    FAIL_TO_PASS = "fail_to_pass"
    PASS_TO_PASS = "pass_to_pass"
    OWN = "own"


class Side(StrEnum):
    """Whether a solver may see a test."""

    PUBLIC = "public"
    HIDDEN = "hidden"


class Control(StrEnum):
    """What calibrates an instance and is no solver."""

    NO_OP = "no_op"
    INERT = "inert"
    REFERENCE = "reference"

    @property
    def arm(self) -> str:
        """The arm name of this control in tables, apart from the solver of the same name."""
        return f"control:{self.value}"


class Verdict(StrEnum):
    """The end of one instance in one arm (DESIGN, words)."""

    RESOLVED = "resolved"
    PARTIAL = "partial"
    UNRESOLVED = "unresolved"
    NO_PATCH = "no_patch"
    PATCH_FAILED = "patch_failed"
    NOT_RUN = "not_run"
    INFRA_ERROR = "infra_error"
    INVALID_INSTANCE = "invalid_instance"

    @property
    def is_graded(self) -> bool:
        """True for the verdicts that count in n_graded and have scores."""
        return self in {
            Verdict.RESOLVED,
            Verdict.PARTIAL,
            Verdict.UNRESOLVED,
            Verdict.NO_PATCH,
            Verdict.PATCH_FAILED,
        }


class Difficulty(StrEnum):
    """Four levels; from the reference for analysis, from the task's face for routing."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"
    VERY_HARD = "very_hard"


class BugladderError(Exception):
    """An error for people: one line naming the key, file or id and what would be right."""


class InvalidInstanceError(BugladderError):
    """An instance cannot be measured here, and why: control lists it as invalid, and no other is touched by it."""


class InfrastructureError(BugladderError):
    """The machine, not the candidate, failed: retried, then recorded as infra_error."""
