"""Runs plausible mutants cold, in rank order, on all public tests until one passes everything."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bugladder.records import Attempt, Outcome, Task, sha256_text
from bugladder.solvers.repair.ranking import Mutant
from bugladder.workspace import Bench, make_patch

_ACCEPTED = "passes every public test"


@dataclass(frozen=True)
class Checked:
    """A plausible mutant after its cold run; counts are of test ids, None where it was not run."""

    mutant: Mutant
    patch: str
    failing_passed: int | None
    passing_passed: int | None
    verdict: str
    seconds: float = 0.0
    was_cut: bool = False

    @property
    def is_accepted(self) -> bool:
        """True where every public test passed."""
        return self.verdict == _ACCEPTED

    def attempt(self, rank: int) -> Attempt:
        """The row of attempts.parquet; rank counts from 1."""
        return Attempt(
            iteration=rank,
            step="candidate",
            patch_sha256=sha256_text(self.patch),
            public_fail_to_pass_passed=self.failing_passed,
            public_pass_to_pass_passed=self.passing_passed,
            stop_reason=self.verdict,
            seconds=self.seconds,
            detail={
                "operator": self.mutant.operator,
                "file": self.mutant.edit.path,
                "line": self.mutant.line,
                "rank": rank,
                "suspiciousness": round(self.mutant.suspiciousness, 6),
            },
        )


@dataclass(frozen=True)
class Checker:
    """The public tests of a task on a bench, and the unchanged sources that mutants are edits of."""

    task: Task
    bench: Bench
    sources: Mapping[str, bytes]

    def check(self, ranked: Sequence[Mutant], max_checked: int) -> list[Checked]:
        """One row per mutant, in order; those behind the first accepted one and beyond max_checked are not run."""
        rows: list[Checked] = []
        skipped = ""
        for i, mutant in enumerate(ranked):
            if not skipped and i >= max_checked:
                skipped = "not checked: beyond max_checked"
            if not skipped and self.bench.deadline.is_over:
                skipped = "not checked: deadline"
            rows.append(self._unchecked(mutant, skipped) if skipped else self._run_cold(mutant))
            if rows[-1].is_accepted:
                skipped = "not checked: a better one passes"
        return rows

    def _unchecked(self, mutant: Mutant, why: str) -> Checked:
        passed = len(self.task.public_fail_to_pass)
        return Checked(mutant, self._patch(mutant), passed, None, why, was_cut=why.endswith("deadline"))

    def _run_cold(self, mutant: Mutant) -> Checked:
        """Run all public tests on a mutant in a process of their own; the file is put back."""
        workspace, path = self.bench.workspace, mutant.edit.path
        failing, passing = self.task.public_fail_to_pass, self.task.public_pass_to_pass
        started = time.monotonic()
        limit_s = min(workspace.timeout_s, self.bench.deadline.remaining_s)
        workspace.write({path: mutant.edit.apply(self.sources[path])})
        report = workspace.test((*failing, *passing), timeout_s=limit_s)
        workspace.write({path: self.sources[path]})
        outcomes = report.outcomes()
        good = [sum(outcomes.get(i) is Outcome.PASSED for i in ids) for ids in (failing, passing)]
        verdict = _ACCEPTED
        if good[1] < len(passing):
            verdict = "breaks public passing tests"
        if good[0] < len(failing):
            verdict = "fails in a cold run"
        was_cut = report.command.timed_out and limit_s < workspace.timeout_s
        seconds = time.monotonic() - started
        return Checked(mutant, self._patch(mutant), good[0], good[1], verdict, seconds, was_cut)

    def _patch(self, mutant: Mutant) -> str:
        # made from the edit alone: what test runs leave in the work folder is no part of it
        path = mutant.edit.path
        before = self.sources[path]
        return make_patch({path: before}, {path: mutant.edit.apply(before)})
