"""The settings of the loop solver, and what of them its parts are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bugladder.records import BugladderError
from bugladder.records.paths import PathRules
from bugladder.solvers.debugging.context import ContextLimits
from bugladder.solvers.debugging.controller import RoundLimits
from bugladder.solvers.debugging.gates import GATE_IDS, GateLimits


@dataclass(frozen=True)
class LoopSettings:
    """How the loop works; counts bound it.

    Args:
        name: the choice's name in conf.
        max_iterations: rounds; what gates ask again and tests that are sent back use them up too.
        patience: rounds without better evidence before an early stop.
        min_iterations: rounds before which there is no early stop.
        early_stop: whether there is one.
        max_tokens_total: tokens in and out of one task after which no question is asked; None for no limit.
        max_sent_back: times in a row that tests may fail to reproduce the bug before work goes on without.
        max_own_tests: own tests that count, in the order in which they run; grading has the same bound.
        edit_format: what a patch is asked as: an edit script or whole files.
        enable_gates: ids of the gates in force; G0 always is.
        gates: limits of the gates.
        context: bounds of what a prompt shows.
        temperature: of every question; None for the model's own.
        retry_temperature: of the question after a repeated edit.
        paths: names that decide which files are tests.
    """

    name: str = "loop"
    max_iterations: int = 8
    patience: int = 2
    min_iterations: int = 2
    early_stop: bool = True
    max_tokens_total: int | None = 400_000
    max_sent_back: int = 2
    max_own_tests: int = 5
    edit_format: Literal["script", "whole_file"] = "script"
    enable_gates: tuple[str, ...] = GATE_IDS
    gates: GateLimits = field(default_factory=GateLimits)
    context: ContextLimits = field(default_factory=ContextLimits)
    temperature: float | None = 0.0
    retry_temperature: float = 0.7
    paths: PathRules = field(default_factory=PathRules)

    def __post_init__(self) -> None:
        """Refuse what could never run.

        Raises:
            BugladderError: a count below 1, an unknown gate, or no G0.
        """
        unknown = sorted({*self.enable_gates} - {*GATE_IDS})
        if unknown:
            raise BugladderError(f"enable_gates: {unknown[0]!r} is unknown; known: {', '.join(GATE_IDS)}")
        if "G0" not in self.enable_gates:
            raise BugladderError("enable_gates: G0 is missing; a reply that does not parse can be no patch")
        if self.max_own_tests < 1:
            raise BugladderError(f"max_own_tests is {self.max_own_tests}; it should be at least 1")
        self.rounds.check()

    @property
    def rounds(self) -> RoundLimits:
        """When rounds end."""
        return RoundLimits(
            self.max_iterations,
            self.patience,
            self.min_iterations,
            self.early_stop,
            self.max_tokens_total,
            self.max_sent_back,
        )
