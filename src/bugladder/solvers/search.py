"""An honest repair without any model: suspicious statements are mutated, and what passes the public tests is ranked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bugladder.records import Attempt, Candidate, Solution, Task
from bugladder.records.paths import PathRules
from bugladder.records.ranges import AtLeastOne, Count, Positive, Seconds
from bugladder.solvers.repair.checking import Checked, Checker
from bugladder.solvers.repair.evaluation import Evaluation, TrialLimits, evaluate
from bugladder.solvers.repair.listed import with_collected_ids
from bugladder.solvers.repair.localisation import Suspect, localise, suspicious_paths
from bugladder.solvers.repair.ranking import Mutant, drafts, mutants, rank
from bugladder.solvers.repair.source import parse
from bugladder.solvers.repair.tracing import TracingLimits, trace
from bugladder.workspace import Bench


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
    max_candidates: Count = 200
    max_locations: Count = 60
    max_checked: Count = 20
    max_traced: Count = 300
    trace_timeout_s: Seconds = 120.0
    trace_test_timeout_s: Seconds = 10.0
    candidate_timeout_s: Seconds = 20.0
    candidate_cpu_factor: Positive = 10.0
    candidate_cpu_floor_s: Seconds = 2.0
    candidate_memory_mb: AtLeastOne = 1024

    def solve(self, task: Task, bench: Bench) -> Solution:
        """Search for a patch of the task's bug.

        Raises:
            InfrastructureError: the sandbox failed.
        """
        return _Search(self, task, bench).solution()


@dataclass
class _Search:
    settings: SearchSolver
    task: Task
    bench: Bench
    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    was_cut: bool = False
    sources: dict[str, bytes] = field(default_factory=dict)
    collected: Task = field(init=False)

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
        attempts = (totals, *(row.attempt(i) for i, row in enumerate(rows, start=1)))
        patch = chosen.patch if chosen is not None else None
        return Solution(Candidate(self.task.instance_id, patch, reason=reason), attempts, was_cut=self.was_cut)

    def _search(self) -> tuple[Checked | None, Sequence[Checked], str]:
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
            checker = Checker(self.task, self.bench, self.sources)
            rows = checker.check([m for _, m in rank(plausible)], self.settings.max_checked)
        self.was_cut = self.was_cut or any(row.was_cut for row in rows)
        chosen = next((row for row in rows if row.is_accepted), None)
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
            self.collected = with_collected_ids(self.task, workspace, bound_s)
            spectrum = trace(workspace, self.collected, sorted(self.sources), limits)
        self.was_cut = self.bench.deadline.is_over
        if spectrum is None:
            return []
        with self._timed("localise"):
            files = [
                parse(path, self.sources[path]) for path in suspicious_paths(spectrum, _LINES * settings.max_locations)
            ]
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
        ids = self.collected.public_fail_to_pass
        evaluation = evaluate(self.bench.workspace, ids, edits, limits, self.bench.deadline)
        self.was_cut = self.was_cut or evaluation.was_cut
        self.counts["evaluated"] = len(evaluation.trials)
        for trial in evaluation.trials.values():
            self.counts["timed_out"] += trial.status == "timeout"
            self.counts["crashed"] += trial.status == "crashed"
        return evaluation

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[part] = time.monotonic() - started


# Lines looked at per statement wanted: a statement has several, and only its best one counts.
_LINES = 4
_COUNTS = ("locations", "generated", "evaluated", "timed_out", "crashed", "plausible")
