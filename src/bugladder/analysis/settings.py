"""The frozen settings of a reading: plan and criteria, rules of statistics, prices, identity, tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from bugladder.records import BugladderError
from bugladder.records.prices import PriceTable
from bugladder.records.ranges import AtLeastOne, Count, Positive, Range, Share, ShareBetween, Usd
from bugladder.records.weights import ScoringSettings

Row = Mapping[str, Any]
"""One row of a table: column name to value."""


@dataclass(frozen=True)
class Criterion:
    """One comparison of a metric with a threshold.

    Args:
        metric: dotted path into metrics.json, such as `overall.mean`.
        comparison: how the value must stand to the threshold.
        threshold: the plan's number.
        says: what the metric is, in words of the report.
    """

    metric: str
    comparison: Literal["<", "<=", ">", ">=", "=="]
    threshold: float
    says: str


@dataclass(frozen=True)
class Criteria:
    """A phase's criteria. halt is looked at first (any), then proceed (all); the rest is `otherwise`.

    Args:
        success: what the plan calls a success; reported, never obeyed.
        proceed: all of them must hold.
        halt: any one decides `halt_as`.
        halt_as: the decision when one of `halt` holds.
        otherwise: the decision for what lies between.
    """

    success: tuple[Criterion, ...]
    proceed: tuple[Criterion, ...]
    halt: tuple[Criterion, ...] = ()
    halt_as: Literal["stop", "optimize"] = "stop"
    otherwise: Literal["review", "stop"] = "review"


@dataclass(frozen=True)
class Expected:
    """The plan's figures for a phase, none of them measured. overall_bins: instances per bin, lowest first."""

    overall: Share
    brs: Share
    hfs: Share
    tss: Share
    overfit_gap: Annotated[float, Range(-1, 1)]
    success_rate: Share
    cost_usd_per_instance: Usd
    minutes_per_instance: Positive
    iterations_share: Share | None = None
    overall_bins: tuple[Count, ...] | None = None


@dataclass(frozen=True)
class PhasePlan:
    """A rung: how many instances, after which other, with which expectations and criteria."""

    name: str
    size: AtLeastOne
    workers: AtLeastOne
    previous: str | None
    budget_usd: Usd
    expected: Expected
    criteria: Criteria


@dataclass(frozen=True)
class IntervalSettings:
    """How intervals are made: confidence level (0 to 1), bootstrap resamples, method and seed."""

    level: ShareBetween = 0.95
    resamples: AtLeastOne = 5000
    method: Literal["percentile", "bca"] = "percentile"
    seed: Count = 20261122


@dataclass(frozen=True)
class AnalysisRules:
    """How results are read; shares are parts of 1. See conf/analysis for what each one is."""

    interval: IntervalSettings = field(default_factory=IntervalSettings)
    bin_width: Annotated[float, Range(0.01, 1)] = 0.2
    high_gap: Share = 0.15
    measured_share: Share = 0.5
    graded_share: Share = 0.8
    baseline_size: AtLeastOne = 4
    alert_success: Share = 0.5
    alert_graded: Count = 5
    alert_cost_usd: Usd = 7.0
    pins: dict[str, Share] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a width whose last bin would not end at 1.

        Raises:
            BugladderError: 1 is no multiple of bin_width.
        """
        if 0 < self.bin_width <= 1 and not math.isclose(round(1 / self.bin_width) * self.bin_width, 1, abs_tol=1e-6):
            raise BugladderError(f"bin_width is {self.bin_width:g}; 1 should be a multiple of it, as of 0.2 or 0.25")


@dataclass(frozen=True)
class Identity:
    """What was measured, and how.

    Args:
        dataset: its name.
        arm: the solver's arm as named in the scores table.
        arm_digest: digest of the arm's settings.
        model: the model's name in conf.
        is_enforced: False where the phase could run against the decision before it; recorded in the decision.
        author: whose patches were handed in, where the setting says it.
    """

    dataset: str
    arm: str
    arm_digest: str
    is_enforced: bool = True
    model: str = "none"
    author: str = ""

    @property
    def note(self) -> str:
        """What must stand wherever a result of this arm shows; "" for nothing."""
        if self.arm == "predictions":
            return f"patches of {self.author}, made elsewhere" if self.author else "patches made elsewhere"
        return "scripted replies, not a model" if self.model == "scripted" else ""


@dataclass(frozen=True)
class AnalysisSettings:
    """Everything that `analyze` obeys."""

    phase: PhasePlan
    identity: Identity
    rules: AnalysisRules = field(default_factory=AnalysisRules)
    prices: PriceTable = field(default_factory=lambda: PriceTable(as_of=""))
    weights: ScoringSettings = field(default_factory=ScoringSettings)


@dataclass(frozen=True)
class PhaseTables:
    """The rows of a phase by table, as read by `tables.read`; the last two as selection.json holds them.

    dataset_identity says which rows the instances were chosen from: place, revision, count, hashes.
    """

    instances: Sequence[Row]
    controls: Sequence[Row]
    control_outcomes: Sequence[Row]
    tasks: Sequence[Row]
    answers: Sequence[Row]
    attempts: Sequence[Row]
    candidates: Sequence[Row]
    calls: Sequence[Row]
    outcomes: Sequence[Row]
    scores: Sequence[Row]
    selection_shares: Sequence[Row] = ()
    dataset_identity: Row = field(default_factory=dict)


PHASE_TABLES = tuple(f.name for f in fields(PhaseTables) if f.name not in {"selection_shares", "dataset_identity"})
"""The tables that a reading needs, by name."""
