"""Outcomes to scores: resolved, BRS, public rate, HFS, TSS, gap and Overall (DESIGN section 4), as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bugladder.records import Kind, Outcome, Side, TestOutcome, Verdict
from bugladder.records.weights import ScoringSettings


@dataclass(frozen=True)
class Evidence:
    """What an arm achieved on one instance.

    Args:
        outcomes: one per listed test and per own test, all sides.
        has_patch: a patch was handed in.
        applied: it applied; an arm without a patch counts as not applied.
        own_valid: ids of own tests that are valid (fail on buggy and inert, pass on reference).
        own_written: number of own tests looked at.
        iterations: rounds used, None for a solver without rounds.
        max_iterations: rounds allowed, None likewise.
    """

    outcomes: Sequence[TestOutcome]
    has_patch: bool
    applied: bool
    own_valid: frozenset[str] = frozenset()
    own_written: int = 0
    iterations: int | None = None
    max_iterations: int | None = None


@dataclass(frozen=True)
class Scores:
    """The scores of one graded instance in one arm; None is not measured, never 0."""

    verdict: Verdict
    resolved: bool
    brs: float
    own_valid_share: float | None
    public_rate: float | None
    hfs: float
    tss: float
    overfit_gap: float | None
    overall: float
    success: bool
    public_units: int
    hidden_units: int


def score_instance(evidence: Evidence, settings: ScoringSettings) -> Scores:
    """All scores of one instance. no_patch and patch_failed are scored as the unpatched code."""
    verdict = verdict_of(evidence)
    is_unpatched = verdict in {Verdict.NO_PATCH, Verdict.PATCH_FAILED}
    brs = 1.0 if evidence.own_valid else 0.0
    rate = public_rate(evidence)
    if is_unpatched and rate is not None:
        rate = 0.0
    hidden = hidden_fix(evidence.outcomes)
    hfs = 0.0 if is_unpatched else hidden
    tss = test_strength(brs, rate)
    gap = None if rate is None else rate - hfs
    progress = _iterations_left(evidence)
    overall = 0.0 if is_unpatched else overall_score(hfs, tss, gap, progress, settings)
    return Scores(
        verdict=verdict,
        resolved=verdict is Verdict.RESOLVED,
        brs=brs,
        own_valid_share=len(evidence.own_valid) / evidence.own_written if evidence.own_written else None,
        public_rate=rate,
        hfs=hfs,
        tss=tss,
        overfit_gap=gap,
        overall=overall,
        success=overall >= settings.success_threshold,
        public_units=len(_units(evidence.outcomes, side=Side.PUBLIC)),
        hidden_units=len(_units(evidence.outcomes, side=Side.HIDDEN)),
    )


def verdict_of(evidence: Evidence) -> Verdict:
    """Resolved where every listed test passes (SWE-bench's rule), partial where some FAIL_TO_PASS test does."""
    if not evidence.has_patch:
        return Verdict.NO_PATCH
    if not evidence.applied:
        return Verdict.PATCH_FAILED
    listed = [o for o in evidence.outcomes if o.kind is not Kind.OWN]
    if listed and all(o.outcome is Outcome.PASSED for o in listed):
        return Verdict.RESOLVED
    fixed = any(o.outcome is Outcome.PASSED for o in listed if o.kind is Kind.FAIL_TO_PASS)
    return Verdict.PARTIAL if fixed else Verdict.UNRESOLVED


def public_rate(evidence: Evidence) -> float | None:
    """(share of public FAIL_TO_PASS units passing, the valid own tests as one more) x (share of public PASS_TO_PASS).

    None where there is neither a public FAIL_TO_PASS unit nor a valid own test.
    """
    fail = _units(evidence.outcomes, kind=Kind.FAIL_TO_PASS, side=Side.PUBLIC)
    own = [o.outcome is Outcome.PASSED for o in evidence.outcomes if o.test_id in evidence.own_valid]
    passed = [*fail.values(), *([all(own)] if own else [])]
    if not passed:
        return None
    return _share(passed) * _share(_units(evidence.outcomes, kind=Kind.PASS_TO_PASS, side=Side.PUBLIC).values())


def hidden_fix(outcomes: Sequence[TestOutcome]) -> float:
    """HFS: (share of hidden FAIL_TO_PASS units passing) x (share of hidden PASS_TO_PASS units passing)."""
    fail = _units(outcomes, kind=Kind.FAIL_TO_PASS, side=Side.HIDDEN)
    passing = _units(outcomes, kind=Kind.PASS_TO_PASS, side=Side.HIDDEN)
    return _share(fail.values()) * _share(passing.values()) if fail else 0.0


def test_strength(brs: float, rate: float | None) -> float:
    """TSS = 0.5 BRS + 0.5 public_rate; a null rate counts 0."""
    return 0.5 * brs + 0.5 * (rate or 0.0)


def overall_score(
    hfs: float, tss: float, gap: float | None, iterations_left: float | None, settings: ScoringSettings
) -> float:
    """Overall = w1 HFS + w2 TSS + w3 (1 - abs(gap)) + w4 (1 - iterations / max_iterations).

    A null term leaves the sum and the divisor; where HFS is 0 only w2 TSS counts, not renormalised.
    """
    if hfs == 0.0:
        return settings.weight_tss * tss
    terms = [
        (settings.weight_hfs, hfs),
        (settings.weight_tss, tss),
        (settings.weight_gap, None if gap is None else 1.0 - abs(gap)),
        (settings.weight_iterations, iterations_left),
    ]
    present = [(weight, value) for weight, value in terms if value is not None]
    return sum(w * v for w, v in present) / sum(w for w, _ in present)


def _iterations_left(evidence: Evidence) -> float | None:
    if evidence.iterations is None or not evidence.max_iterations:
        return None
    return 1.0 - evidence.iterations / evidence.max_iterations


def _units(outcomes: Sequence[TestOutcome], side: Side, kind: Kind | None = None) -> dict[str, bool]:
    """Whether all ids of each unit pass. A unit with any FAIL_TO_PASS id is a FAIL_TO_PASS unit with all its ids."""
    listed = [o for o in outcomes if o.side is side and o.kind is not Kind.OWN]
    fail_units = {o.unit for o in listed if o.kind is Kind.FAIL_TO_PASS}
    passing: dict[str, bool] = {}
    for o in listed:
        if kind is None or (o.unit in fail_units) == (kind is Kind.FAIL_TO_PASS):
            passing[o.unit] = passing.get(o.unit, True) and o.outcome is Outcome.PASSED
    return passing


def _share(values: Iterable[bool]) -> float:
    """Share of true values; 1 for none."""
    passed = list(values)
    return sum(passed) / len(passed) if passed else 1.0
