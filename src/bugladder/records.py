"""The frozen records and enums that cross room borders; nothing here has an effect."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any


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


class InfrastructureError(BugladderError):
    """The machine, not the candidate, failed: retried, then recorded as infra_error."""


Files = dict[str, bytes | None]
"""Whole files by POSIX path relative to the repository root; None deletes the file."""


@dataclass(frozen=True)
class RunnerSpec:
    """How an instance's tests are run: a runner's name and what it needs to know.

    Args:
        name: the runner plug ("pytest").
        paths: test files or folders, relative to the repository root, run together.
        pythonpath: folders put on PYTHONPATH, relative to the repository root ("." for the root).
        env: further environment variables of the test command, as (name, value) pairs.
        options: further options of the test command.
    """

    name: str
    paths: tuple[str, ...]
    pythonpath: tuple[str, ...] = (".",)
    env: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class SdistSource:
    """A source distribution on the package index, pinned by its hash."""

    name: str
    version: str
    filename: str
    sha256: str


@dataclass(frozen=True)
class Environment:
    """What a sandbox needs to open a task, self-sufficient: sources, overlay, requirements and runner.

    The overlay holds whole files laid over the unpacked source (None deletes), so a planted bug
    never stands as an edit. Paths are POSIX and relative to the repository root.
    """

    source: SdistSource
    requirements: tuple[str, ...]
    runner: RunnerSpec
    python: str = "3.11"
    overlay: Files = field(default_factory=dict, hash=False)

    def to_json(self) -> str:
        """Canonical JSON; text files as text, others as base64."""
        return canonical_json(
            {
                "source": {"kind": "sdist", **to_plain(self.source)},
                "requirements": self.requirements,
                "runner": to_plain(self.runner),
                "python": self.python,
                "overlay": encode_files(self.overlay),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Environment:
        """Inverse of `to_json`.

        Raises:
            BugladderError: the source's kind is unknown.
        """
        raw = json.loads(text)
        source = dict(raw["source"])
        kind = source.pop("kind")
        if kind != "sdist":
            raise BugladderError(f"environment source kind {kind!r} is unknown; known: sdist")
        runner = raw["runner"]
        return cls(
            source=SdistSource(**source),
            requirements=tuple(raw["requirements"]),
            runner=RunnerSpec(
                name=runner["name"],
                paths=tuple(runner["paths"]),
                pythonpath=tuple(runner["pythonpath"]),
                env=tuple((k, v) for k, v in runner["env"]),
                options=tuple(runner["options"]),
            ),
            python=raw["python"],
            overlay=decode_files(raw["overlay"]),
        )

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON."""
        return sha256_text(self.to_json())


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
    """One row of what a solver tried. Counts are of test ids; `detail` is free JSON of the solver."""

    iteration: int
    step: str
    patch_sha256: str | None
    public_fail_to_pass_passed: int | None
    public_pass_to_pass_passed: int | None
    stop_reason: str
    seconds: float
    tokens_in: int = 0
    tokens_out: int = 0
    detail: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Solution:
    """What `Solver.solve` returns. was_cut tells that a safety net of seconds decided: such a result is not stored."""

    candidate: Candidate
    attempts: tuple[Attempt, ...]
    was_cut: bool = False


@dataclass(frozen=True)
class Command:
    """One command in a sandbox. cwd None is the repository root; env is laid over the sandbox's clean one."""

    argv: tuple[str, ...]
    timeout_s: float
    stdin: bytes = b""
    env: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None
    max_output_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class CommandResult:
    """What became of a command. exit_code is negative for a signal; None when it timed out.

    Output beyond max_output_bytes is dropped (is_truncated); cpu_s is user + system of the command's tree as far as
    it was waited for.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    wall_s: float
    cpu_s: float
    timed_out: bool = False
    is_truncated: bool = False


@dataclass(frozen=True)
class TestRequest:
    """What a runner is asked to run.

    Args:
        root: absolute path of the repository inside the sandbox.
        support: absolute folder inside the sandbox that holds `Runner.files`.
        report: absolute path inside the sandbox for the structured report.
        pythonpath: absolute folders of the environment, after those of the spec.
        timeout_s: wall-clock bound of the whole command.
        ids: only these test ids (None for all that the spec's paths collect).
        ids_file: absolute path inside the sandbox that lists `ids`, one a line; set by the workspace.
    """

    root: str
    support: str
    report: str
    pythonpath: tuple[str, ...]
    timeout_s: float
    ids: tuple[str, ...] | None = None
    ids_file: str | None = None
    paths: tuple[str, ...] | None = None
    """Instead of the spec's paths (own tests)."""


@dataclass(frozen=True)
class TestResult:
    """One test of one run. phase is where a non-pass arose: setup, call or teardown ("" for a pass).

    definition is "path::qualname" of the code that ran, relative to the repository root, or "" where it has none;
    message is the exception's message, at most 500 characters.
    """

    test_id: str
    outcome: Outcome
    phase: str
    definition: str
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class TestReport:
    """A test run as its runner read it. is_readable is False where no trustworthy report was written."""

    results: tuple[TestResult, ...]
    collection_errors: tuple[tuple[str, str], ...]
    is_readable: bool
    is_complete: bool
    command: CommandResult

    def outcomes(self) -> dict[str, Outcome]:
        """Outcome by test id."""
        return {r.test_id: r.outcome for r in self.results}


@dataclass(frozen=True)
class TestOutcome:
    """A graded test, one row of outcomes.parquet."""

    test_id: str
    outcome: Outcome
    kind: Kind
    side: Side
    unit: str
    seconds: float


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


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_text(text: str) -> str:
    """Hex sha256 of the UTF-8 text (lone surrogates kept)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def encode_files(files: Files) -> dict[str, dict[str, str] | None]:
    """Whole files as JSON values: {"text": ...}, {"base64": ...} or None for a deletion."""
    return {path: _encode(content) for path, content in sorted(files.items())}


def decode_files(raw: dict[str, dict[str, str] | None]) -> Files:
    """Inverse of `encode_files`."""
    return {path: _decode(value) for path, value in raw.items()}


def _encode(content: bytes | None) -> dict[str, str] | None:
    if content is None:
        return None
    try:
        return {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _decode(value: dict[str, str] | None) -> bytes | None:
    if value is None:
        return None
    return value["text"].encode("utf-8") if "text" in value else base64.b64decode(value["base64"])


def to_plain(value: Any) -> Any:
    """A record as JSON-ready values, field by field; Files are encoded by the caller."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {k: to_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    return value
