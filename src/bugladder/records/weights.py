"""What Overall is made of, in which shares: scores are computed and the plan's expectations are checked with it."""

from __future__ import annotations

from dataclasses import dataclass

from bugladder.records.ranges import Share
from bugladder.records.terms import BugladderError


@dataclass(frozen=True)
class ScoringSettings:
    """Weights of Overall's four terms and the threshold of success."""

    weight_hfs: Share = 0.60
    weight_tss: Share = 0.25
    weight_gap: Share = 0.10
    weight_iterations: Share = 0.05
    success_threshold: Share = 0.5

    def __post_init__(self) -> None:
        """Refuse weights by which nothing could be computed where the other terms are null.

        Raises:
            BugladderError: weight_hfs and weight_tss are both 0.
        """
        if self.weight_hfs + self.weight_tss == 0:
            raise BugladderError("weight_hfs and weight_tss are both 0; at least one should be above 0")
