"""The loop: each round does what the controller chose, keeps the best patch, and leaves a row of attempts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from bugladder.records import Attempt, BugladderError, Candidate, Solution, Task
from bugladder.solvers.debugging.asking import Asker
from bugladder.solvers.debugging.checkout import Checkout
from bugladder.solvers.debugging.controller import Decision, Known, Way, decide
from bugladder.solvers.debugging.desk import Desk, Notes
from bugladder.solvers.debugging.reproduce import OwnTests
from bugladder.solvers.debugging.settings import LoopSettings
from bugladder.solvers.debugging.steps import PatchStep, TestsStep
from bugladder.solvers.debugging.verify import Verified, Verifier, seen_failing
from bugladder.workspace import Bench


@dataclass
class Rounds:
    """One task on one bench, from the first question to the solution; made by `Rounds.of`, run once."""

    task: Task
    settings: LoopSettings
    desk: Desk
    tests: TestsStep
    fix: PatchStep
    own: OwnTests | None = None
    best: Verified | None = None
    sent_back: int = 0
    stalled: int = 0
    has_doubted: bool = False
    attempts: list[Attempt] = field(default_factory=list)

    @classmethod
    def of(cls, task: Task, settings: LoopSettings, bench: Bench) -> Rounds:
        """Read the task and see its public failing tests fail.

        Raises:
            BugladderError: the bench has no chat.
            InfrastructureError: the sandbox failed.
        """
        if bench.chat is None:
            raise BugladderError(f"solver {settings.name}: it asks a model; choose one, for example model=gpt-4o-mini")
        checkout = Checkout.of(bench, settings.paths)
        room = settings.context.output_bytes
        seen = seen_failing(task, checkout, room)
        desk = Desk.of(task, settings, checkout, Asker(bench.chat, settings.temperature), seen)
        verifier = Verifier(task, checkout, seen[0], room)
        return cls(task, settings, desk, TestsStep(desk), PatchStep(desk, verifier))

    def solution(self) -> Solution:
        """Work until the controller stops.

        Raises:
            BugladderError: a cap is reached or the model cannot answer.
            InfrastructureError: the sandbox failed.
        """
        decision = decide(self._known(), self.settings.rounds)
        while decision.way != "stop":
            decision = self._round(decision)
        was_cut = self.desk.checkout.was_cut or decision.reason == "deadline"
        return Solution(self._candidate(decision.reason), tuple(self.attempts), was_cut=was_cut)

    def _round(self, decision: Decision) -> Decision:
        started, asker = time.monotonic(), self.desk.asker
        used = asker.tokens_in, asker.tokens_out, asker.calls
        notes = Notes(len(self.attempts) + 1)
        before, had_own = self.best, self.own is not None
        verified = self._work(decision.way, notes)
        has_improved = self.best is not None and self.best.evidence.is_better_than(before.evidence if before else None)
        has_more = self.own is not None and not had_own
        self.stalled = 0 if self.best is None or has_improved or has_more else self.stalled + 1
        following = decide(self._known(rounds=notes.iteration), self.settings.rounds)
        attempt = Attempt(
            iteration=notes.iteration,
            step=decision.way,
            patch_sha256=notes.patch_sha256,
            public_fail_to_pass_passed=verified.failing_passed if verified else None,
            public_pass_to_pass_passed=verified.passing_passed if verified else None,
            stop_reason=following.reason if following.way == "stop" else "",
            seconds=time.monotonic() - started,
            tokens_in=asker.tokens_in - used[0],
            tokens_out=asker.tokens_out - used[1],
            gates=dict(notes.gates),
            detail=_detail(notes, decision, following, verified, asker.calls - used[2]),
        )
        self.attempts.append(attempt)
        return following

    def _work(self, way: Way, notes: Notes) -> Verified | None:
        """Do a round's work; the patch that was verified in it, if any."""
        verified: Verified | None = None
        if way != "patch":
            doubted = self._doubted()
            own = self.tests.take(notes, doubted)
            self.has_doubted = self.has_doubted or (doubted is not None and not doubted.evidence.own)
            self.sent_back = self.sent_back + 1 if own is None else 0
            if own is not None:
                verified = self._adopt(own)
            if own is None or way == "tests" or self.desk.is_spent:
                return verified
        verified = self.fix.take(notes, self.own, self.best)
        if verified is not None and verified.evidence.is_better_than(self.best.evidence if self.best else None):
            self.best, self.has_doubted = verified, False
        return verified

    def _doubted(self) -> Verified | None:
        """The kept patch, where it speaks against the present own tests."""
        return self.best if self.own is not None else None

    def _adopt(self, own: OwnTests) -> Verified | None:
        """Take tests into the evidence; the kept patch is measured again, since it is compared with the next ones."""
        self.own = own
        if self.best is not None:
            self.best = self.fix.verifier.verify(self.best.patch, own)
        return self.best

    def _known(self, rounds: int = 0) -> Known:
        return Known(
            rounds=rounds,
            tokens=self.desk.asker.tokens,
            is_late=self.desk.checkout.bench.deadline.is_over,
            best=self.best.evidence if self.best else None,
            has_own=self.own is not None,
            sent_back=self.sent_back,
            stalled=self.stalled,
            has_doubted=self.has_doubted,
        )

    def _candidate(self, reason: str) -> Candidate:
        best, refusal = self.best, self.desk.asker.refusal
        if refusal:
            reason = f"{reason}; the model only refused: {refusal}"
        if best is not None and best.evidence.is_harmful:
            best, reason = None, f"{reason}; the best patch only breaks tests"
        return Candidate(
            instance_id=self.task.instance_id,
            patch=best.patch.diff if best is not None else None,
            test_files=dict(self.own.files) if self.own is not None else {},
            iterations=len(self.attempts),
            reason=reason if best is None else f"{reason}; {best.standing}",
        )


def _detail(
    notes: Notes, decision: Decision, following: Decision, verified: Verified | None, calls: int
) -> dict[str, object]:
    return {
        "why": decision.reason,
        "next": following.way,
        "steps": notes.steps,
        "findings": notes.findings,
        "analysis": notes.analysis,
        "templates": sorted(notes.templates),
        "calls": calls,
        "requests": notes.requests,
        "standing": verified.standing if verified is not None else None,
    }
