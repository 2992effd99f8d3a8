"""What Overall is made of, in which shares: scores are computed and the plan's expectations are checked with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScoringSettings:
    """Weights of Overall's four terms and the threshold of success."""

    weight_hfs: float = 0.60
    weight_tss: float = 0.25
    weight_gap: float = 0.10
    weight_iterations: float = 0.05
    success_threshold: float = 0.5
