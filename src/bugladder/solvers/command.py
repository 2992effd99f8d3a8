"""Bring your own agent: any command line works on a checkout in the sandbox, and what it changed is the candidate."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bugladder.records import (
    Attempt,
    BugladderError,
    Candidate,
    CommandResult,
    Guest,
    Solution,
    Task,
    sha256_text,
)
from bugladder.records.declining import DeclinedError
from bugladder.records.paths import PathRules
from bugladder.solvers.hosting.checkout import Changes, Checkout, Keeping, ManyChangesError, lay_checkout, read_changes
from bugladder.solvers.hosting.orders import DOOR_SHUT, TIMED_OUT, Order, command_of
from bugladder.solvers.hosting.pins import pins_by_name, twin_of
from bugladder.solvers.hosting.proxy import Proxy, ProxyLimits, open_proxy
from bugladder.workspace import Bench, TreeRefusedError

_TAIL_CHARS = 4000
_DEBRIS = (
    ".pytest_cache", ".hypothesis", ".mypy_cache", ".ruff_cache", ".tox", ".nox", ".venv", "node_modules", "build",
    "*.egg-info", ".coverage", ".coverage.*", "*.orig", "*.rej", "*.swp",
)  # fmt: skip


@dataclass(frozen=True)
class CommandSolver:
    """Runs a foreign agent where it can harm nobody, and takes the difference that it leaves.

    It has no key and no network: a proxy at {base_url} passes its questions on to the arm's model, whatever model it
    asks for. In argv and env these words stand for places inside: {repo}, {issue_file}, {failing_tests_file} (ids of
    public failing tests, one a line), {agent} (its own virtual environment), {base_url}.

    Args:
        name: the choice's name in conf.
        argv: the agent's command line.
        env: its environment variables, beside OPENAI_BASE_URL, OPENAI_API_BASE and OPENAI_API_KEY (which is no key).
        requirements: full pins of what it is installed from, apart from the repository's own environment.
        timeout_s: its time, without what its questions had to wait for their turn.
        patience_s: most that is added for such waits.
        max_output_bytes: of each of its output streams; what is beyond is dropped.
        max_change_bytes: of all the files that it changed; beyond that nothing is handed in.
        debris: patterns of new files and folders that are no part of what it hands in.
        limits: what it may ask for.
    """

    name: str
    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict, hash=False)
    requirements: tuple[str, ...] = ()
    timeout_s: float = 1500.0
    patience_s: float = 3600.0
    max_output_bytes: int = 1 << 20
    max_change_bytes: int = 4 << 20
    debris: tuple[str, ...] = _DEBRIS
    limits: ProxyLimits = field(default_factory=ProxyLimits)

    def __post_init__(self) -> None:
        """Refuse what could never run.

        Raises:
            BugladderError: no argv, a requirement that is no full pin, or a limit below 1.
        """
        if not self.argv:
            raise BugladderError("argv is empty; it should hold the agent's command line")
        for name in ("timeout_s", "max_output_bytes", "max_change_bytes"):
            if getattr(self, name) < 1:
                raise BugladderError(f"{name} is {getattr(self, name)}; it should be at least 1")
        pins_by_name(self.requirements)

    @property
    def guest(self) -> Guest:
        """What the agent needs in the sandbox."""
        return Guest(self.requirements)

    def solve(self, task: Task, bench: Bench) -> Solution:
        """Let the agent work on a checkout of the task.

        Raises:
            DeclinedError: the agent's own environment holds the library under repair.
            BugladderError: the sandbox cannot isolate, no model was chosen, or a cap is reached.
            InfrastructureError: the sandbox or the model failed.
        """
        self._refuse_open(bench.workspace.session.enforcement)
        twin = twin_of(task, self.requirements)
        if twin:
            raise DeclinedError(
                f"{task.instance_id}: the agent's own environment holds {twin}, in which the answer may stand"
            )
        if bench.chat is None or bench.listener is None:
            raise BugladderError(f"solver {self.name} runs an agent that asks a model; set `model` in params.yaml")
        return _Visit(self, task, bench).solution()

    def _refuse_open(self, enforcement: dict[str, str]) -> None:
        for what in ("isolation", "network"):
            if enforcement.get(what) != "closed":
                found = enforcement.get(what, "unknown")
                raise BugladderError(
                    f"solver {self.name} runs a foreign agent, and this sandbox's {what} is {found}; "
                    "allow user namespaces, run as root, or choose another solver"
                )


@dataclass
class _Visit:
    """One agent at work on one task."""

    settings: CommandSolver
    task: Task
    bench: Bench

    def solution(self) -> Solution:
        started = time.monotonic()
        workspace = self.bench.workspace
        before = workspace.tree()
        checkout = lay_checkout(workspace, self.task, workspace.timeout_s)
        result, proxy, limit_s = self._run(checkout)
        if proxy.failure is not None:
            raise proxy.failure
        is_cut = result.timed_out or (result.exit_code == TIMED_OUT and result.wall_s >= limit_s)
        changes, problem = self._changes(before)
        reason = "; ".join(filter(None, (self._end(result, proxy, limit_s if is_cut else None), problem)))
        detail = {**asdict(proxy.totals), **_told(result), "test_files": len(changes.test_files)}
        attempt = _attempt(reason, changes.patch or None, time.monotonic() - started, detail)
        candidate = Candidate(self.task.instance_id, changes.patch or None, changes.test_files, reason=reason)
        return Solution(candidate, (attempt,), was_cut=is_cut)

    def _run(self, checkout: Checkout) -> tuple[CommandResult, Proxy, float]:
        """The result, the proxy that has served, and the seconds that the agent was given."""
        chat, listener, settings = self.bench.chat, self.bench.listener, self.settings
        if chat is None or listener is None:
            raise BugladderError(f"solver {settings.name} has no model")
        limit_s = min(settings.timeout_s, self.bench.deadline.remaining_s)
        order = Order(settings.argv, settings.env, limit_s)
        command = command_of(order, checkout, self.bench.workspace, settings.patience_s)
        command = replace(command, max_output_bytes=settings.max_output_bytes)
        with open_proxy(listener, chat, self.bench.deadline, settings.limits) as proxy:
            result = self.bench.workspace.session.run(command)
        return result, proxy, limit_s

    def _changes(self, before: dict[str, bytes]) -> tuple[Changes, str]:
        """What the agent left, and why it counts for nothing where it does."""
        keeping = Keeping(PathRules(), self.settings.debris, self.settings.max_change_bytes)
        try:
            return read_changes(before, self.bench.workspace.tree(), keeping), ""
        except (TreeRefusedError, ManyChangesError) as error:
            return Changes("", {}), f"nothing is handed in: {error}"

    def _end(self, result: CommandResult, proxy: Proxy, cut_s: float | None) -> str:
        calls = f"{proxy.totals.answered} replies"
        if cut_s is not None:
            return f"the agent was stopped at its time-out of {cut_s:.0f} s after {calls}; what it left is handed in"
        if proxy.is_shut_by_limit and result.exit_code == DOOR_SHUT:
            return f"the agent was stopped since it asked on beyond its {self.settings.limits.calls} calls"
        return f"the agent ended with exit code {result.exit_code} after {calls}"


def _attempt(reason: str, patch: str | None, seconds: float, detail: dict[str, Any]) -> Attempt:
    """The one row of an agent, whose rounds nobody outside of it can count."""
    return Attempt(
        iteration=0,
        step="totals",
        patch_sha256=sha256_text(patch) if patch else None,
        public_fail_to_pass_passed=None,
        public_pass_to_pass_passed=None,
        stop_reason=reason,
        seconds=seconds,
        tokens_in=detail.get("tokens_in", 0),
        tokens_out=detail.get("tokens_out", 0),
        detail=detail,
    )


def _told(result: CommandResult) -> dict[str, Any]:
    tails = {
        f"{name}_tail": stream.decode("utf-8", "replace")[-_TAIL_CHARS:]
        for name, stream in (("stdout", result.stdout), ("stderr", result.stderr))
    }
    return {"exit_code": result.exit_code, "is_truncated": result.is_truncated, "cpu_s": result.cpu_s, **tails}
