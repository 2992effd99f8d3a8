"""A command in a sandbox, a test run made of one, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from bugladder.records.terms import Kind, Outcome, Side


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
        key: what the program that reports gets on standard input, and seals its report with.
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
    key: bytes = b""


@dataclass(frozen=True)
class TestResult:
    """One test of one run. phase is where a non-pass arose: setup, call or teardown ("" for a pass).

    definition is "path::qualname" of the code that ran, relative to the repository root, or "" where it has none;
    message is the exception's message, at most 500 characters. is_alias marks the same test under another of its names.
    """

    test_id: str
    outcome: Outcome
    phase: str
    definition: str
    seconds: float
    message: str = ""
    is_alias: bool = False


@dataclass(frozen=True)
class TestReport:
    """A test run as its runner read it. is_readable is False where no trustworthy report was written.

    distrust says why the run cannot be believed: something else than the tests decided what was reported.
    """

    results: tuple[TestResult, ...]
    collection_errors: tuple[tuple[str, str], ...]
    is_readable: bool
    is_complete: bool
    command: CommandResult
    distrust: tuple[str, ...] = ()

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
