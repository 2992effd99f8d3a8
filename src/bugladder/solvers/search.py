"""An honest repair without any model: suspicious statements are mutated, and what passes the public tests is ranked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bugladder.paths import PathRules
from bugladder.records import Attempt, Candidate, Outcome, Solution, Task, sha256_text
from bugladder.solvers.repair.evaluation import Evaluation, TrialLimits, evaluate
from bugladder.solvers.repair.localisation import Suspect, localise, suspicious_paths
from bugladder.solvers.repair.ranking import Mutant, drafts, mutants, rank
from bugladder.solvers.repair.source import parse
from bugladder.solvers.repair.tracing import TracingLimits, trace
from bugladder.workspace import Bench, make_patch


@dataclass(frozen=True)
class SearchSolver:
    """Search-based repair: Ochiai, mutation, forked trials, cold check.

    The candidate is the best-ranked mutant that passes every public failing test and breaks no public passing one, in
    a cold run; none where no mutant does. It writes no tests and has no rounds. Counts bound it: the deadline of its
    bench is a safety net, and a result that it cut is marked.

    Args:
        name: the choice's name in conf.
        max_candidates: mutants tried on the public failing tests.
        max_locations: most suspicious statements that are mutated.
        max_checked: plausible mutants run cold with the public passing tests, in rank order, until one passes.
        max_traced: public passing tests traced for localisation.
        trace_timeout_s: wall seconds of the traced run.
        trace_test_timeout_s: wall seconds of one test in it.
        candidate_timeout_s: wall seconds of one mutant's trial.
        candidate_cpu_factor: CPU of a trial, as a multiple of the unchanged code's.
        candidate_cpu_floor_s: CPU seconds that every trial may use.
        candidate_memory_mb: address space of a trial.
    """

    name: str = "search"
    max_candidates: int = 200
    max_locations: int = 60
    max_checked: int = 20
    max_traced: int = 300
    trace_timeout_s: float = 120.0
    trace_test_timeout_s: float = 10.0
    candidate_timeout_s: float = 20.0
    candidate_cpu_factor: float = 10.0
    candidate_cpu_floor_s: float = 2.0
    candidate_memory_mb: int = 1024

    def solve(self, task: Task, bench: Bench) -> Solution:
        """Search for a patch of the task's bug.

        Raises:
            InfrastructureError: the sandbox failed.
        """
        return _Search(self, task, bench).solution()


@dataclass(frozen=True)
class _Checked:
    """A plausible mutant after its cold run; counts are of test ids, None where it was not run."""

    mutant: Mutant
    patch: str
    failing_passed: int | None
    passing_passed: int | None
    verdict: str
    seconds: float = 0.0


@dataclass
class _Search:
    settings: SearchSolver
    task: Task
    bench: Bench
    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    was_cut: bool = False
    sources: dict[str, bytes] = field(default_factory=dict)

    def solution(self) -> Solution:
        started = time.monotonic()
        chosen, rows, reason = self._search()
        if self.was_cut:
            reason = f"cut by the deadline; {reason}"
        totals = Attempt(
            iteration=0,
            step="totals",
            patch_sha256=None,
            public_fail_to_pass_passed=None,
            public_pass_to_pass_passed=None,
            stop_reason=reason,
            seconds=time.monotonic() - started,
            detail={**{k: self.counts[k] for k in _COUNTS}, "seconds": self.seconds},
        )
        attempts = (totals, *(_attempt(i, row) for i, row in enumerate(rows, start=1)))
        patch = chosen.patch if chosen is not None else None
        return Solution(Candidate(self.task.instance_id, patch, reason=reason), attempts, was_cut=self.was_cut)

    def _search(self) -> tuple[_Checked | None, Sequence[_Checked], str]:
        if not self.task.public_fail_to_pass:
            return None, (), "no public failing test shows the bug"
        if self.bench.workspace.runner.name != "pytest":
            return None, (), f"search knows the runner pytest, not {self.bench.workspace.runner.name}"
        suspects = self._localise()
        if not suspects:
            return None, (), "no source line was seen to run in a public failing test"
        with self._timed("mutate"):
            ordered = drafts(suspects, self.bench.rng)
            tried = mutants(ordered, self.settings.max_candidates)
        self.counts["generated"] = len(ordered)
        with self._timed("evaluate"):
            evaluation = self._evaluate(tried)
        if evaluation.reason:
            return None, (), evaluation.reason
        plausible = [(n, m) for n, m in enumerate(tried) if n in evaluation.trials and evaluation.trials[n].is_pass]
        self.counts["plausible"] = len(plausible)
        with self._timed("check"):
            rows = self._check([m for _, m in rank(plausible)])
        chosen = next((row for row in rows if row.verdict == _ACCEPTED), None)
        return chosen, rows, "a candidate passes every public test" if chosen else self._why_none(len(plausible))

    def _why_none(self, plausible: int) -> str:
        if plausible:
            return "no plausible candidate passes every public test in a cold run"
        return "no candidate passes the public failing tests"

    def _localise(self) -> list[Suspect]:
        workspace, settings = self.bench.workspace, self.settings
        with self._timed("trace"):
            rules = PathRules()
            self.sources = {path: content for path, content in workspace.tree().items() if rules.is_source(path)}
            bound_s = min(settings.trace_timeout_s, self.bench.deadline.remaining_s)
            limits = TracingLimits(settings.max_traced, settings.trace_test_timeout_s, bound_s)
            spectrum = trace(workspace, self.task, sorted(self.sources), limits)
        self.was_cut = self.bench.deadline.is_over
        if spectrum is None:
            return []
        with self._timed("localise"):
            files = [parse(path, self.sources[path]) for path in suspicious_paths(spectrum)]
            suspects = localise([f for f in files if f is not None], spectrum, settings.max_locations)
        self.counts["locations"] = len(suspects)
        return suspects

    def _evaluate(self, tried: Sequence[Mutant]) -> Evaluation:
        settings = self.settings
        limits = TrialLimits(
            settings.candidate_timeout_s,
            settings.candidate_cpu_factor,
            settings.candidate_cpu_floor_s,
            settings.candidate_memory_mb,
        )
        edits = [m.edit for m in tried]
        ids = self.task.public_fail_to_pass
        evaluation = evaluate(self.bench.workspace, ids, edits, limits, self.bench.deadline)
        self.was_cut = self.was_cut or evaluation.was_cut
        self.counts["evaluated"] = len(evaluation.trials)
        for trial in evaluation.trials.values():
            self.counts["timed_out"] += trial.status == "timeout"
            self.counts["crashed"] += trial.status == "crashed"
        return evaluation

    def _check(self, ranked: Sequence[Mutant]) -> list[_Checked]:
        rows: list[_Checked] = []
        is_found = False
        for i, mutant in enumerate(ranked):
            if is_found or i >= self.settings.max_checked or self.bench.deadline.is_over:
                verdict = "not checked: a better one passes" if is_found else "not checked: beyond max_checked"
                if not is_found and i < self.settings.max_checked:
                    self.was_cut, verdict = True, "not checked: deadline"
                rows.append(_Checked(mutant, self._patch(mutant), len(self.task.public_fail_to_pass), None, verdict))
                continue
            rows.append(self._run_cold(mutant))
            is_found = rows[-1].verdict == _ACCEPTED
        return rows

    def _run_cold(self, mutant: Mutant) -> _Checked:
        """Run all public tests on a mutant in a process of their own; the file is put back."""
        workspace, path = self.bench.workspace, mutant.edit.path
        failing, passing = self.task.public_fail_to_pass, self.task.public_pass_to_pass
        started = time.monotonic()
        limit_s = min(workspace.timeout_s, self.bench.deadline.remaining_s)
        workspace.write({path: mutant.edit.apply(self.sources[path])})
        report = workspace.test((*failing, *passing), timeout_s=limit_s)
        workspace.write({path: self.sources[path]})
        self.was_cut = self.was_cut or (report.command.timed_out and limit_s < workspace.timeout_s)
        outcomes = report.outcomes()
        good = [sum(outcomes.get(i) is Outcome.PASSED for i in ids) for ids in (failing, passing)]
        verdict = _ACCEPTED
        if good[1] < len(passing):
            verdict = "breaks public passing tests"
        if good[0] < len(failing):
            verdict = "fails in a cold run"
        return _Checked(mutant, self._patch(mutant), good[0], good[1], verdict, time.monotonic() - started)

    def _patch(self, mutant: Mutant) -> str:
        # made from the edit alone: what test runs leave in the work folder is no part of it
        path = mutant.edit.path
        before = self.sources[path]
        return make_patch({path: before}, {path: mutant.edit.apply(before)})

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[part] = time.monotonic() - started


_ACCEPTED = "passes every public test"
_COUNTS = ("locations", "generated", "evaluated", "timed_out", "crashed", "plausible")


def _attempt(rank_: int, row: _Checked) -> Attempt:
    mutant = row.mutant
    return Attempt(
        iteration=rank_,
        step="candidate",
        patch_sha256=sha256_text(row.patch),
        public_fail_to_pass_passed=row.failing_passed,
        public_pass_to_pass_passed=row.passing_passed,
        stop_reason=row.verdict,
        seconds=row.seconds,
        detail={
            "operator": mutant.operator,
            "file": mutant.edit.path,
            "line": mutant.line,
            "rank": rank_,
            "suspiciousness": round(mutant.suspiciousness, 6),
        },
    )
