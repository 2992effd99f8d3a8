"""Decides what metrics.json says: one block per score, rates, seconds, worst and best counting of failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bugladder.analysis.intervals import DIGITS, Interval, bootstrap, wilson
from bugladder.analysis.settings import AnalysisRules, IntervalSettings, Row
from bugladder.records import Verdict

_NO_VALUES = "no instance was measured"
# An infrastructure failure counts as the worst and as the best that a score can be; a gap is better when small.
_EXTREMES = {"overfit_gap_positive": (1.0, 0.0)}
_DEFAULT_EXTREMES = (0.0, 1.0)


def rounded(value: float | None) -> float | None:
    """Six digits, so that the same result is the same text."""
    return None if value is None else round(float(value), DIGITS)


def describe(values: Sequence[float], name: str, settings: IntervalSettings, n_infra: int = 0) -> dict[str, Any]:
    """A block of a score: mean, median, std (n - 1), quartiles (linear), intervals, n, and both countings of failures.

    Args:
        values: one number per measured instance.
        name: what they are; it seeds the bootstrap and sets which way is worse.
        settings: of the intervals.
        n_infra: instances lost to infrastructure, counted as worst and as best.
    """
    mean, median = bootstrap(values, "mean", settings, name), bootstrap(values, "median", settings, name)
    block: dict[str, Any] = dict.fromkeys(("mean", "median", "std", "min", "q1", "q3", "max"))
    if values:
        data = np.asarray(values, dtype=float)
        low, q1, middle, q3, high = np.quantile(data, (0, 0.25, 0.5, 0.75, 1))
        std = data.std(ddof=1) if len(data) > 1 else None
        found = (data.mean(), middle, std, low, q1, q3, high)
        block = {key: rounded(value) for key, value in zip(block, found, strict=True)}
    width = None if mean.low is None or mean.high is None else rounded(mean.high - mean.low)
    return (
        block
        | {"ci_low": mean.low, "ci_high": mean.high, "ci_width": width}
        | {"median_ci_low": median.low, "median_ci_high": median.high}
        | {"n": len(values), "reason": mean.reason if values else _NO_VALUES}
        | _extremes(sum(values), len(values), n_infra, _EXTREMES.get(name, _DEFAULT_EXTREMES))
    )


def rate(count: int, n: int, level: float, n_infra: int = 0, *, is_bad: bool = False) -> dict[str, Any]:
    """A block of a proportion: count, n, rate, Wilson's interval, and both countings of failures."""
    interval: Interval = wilson(count, n, level)
    return {
        "count": count,
        "n": n,
        "rate": rounded(count / n) if n else None,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "reason": interval.reason,
    } | _extremes(count, n, n_infra, (1.0, 0.0) if is_bad else _DEFAULT_EXTREMES)


def _extremes(total: float, n: int, n_infra: int, extremes: tuple[float, float]) -> dict[str, float | None]:
    if n + n_infra == 0:
        return {"worst": None, "best": None}
    worst, best = (rounded((total + n_infra * extreme) / (n + n_infra)) for extreme in extremes)
    return {"worst": worst, "best": best}


def score_blocks(rows: Sequence[Row], rules: AnalysisRules) -> dict[str, Any]:
    """Blocks of every score over the graded instances, and the counts that stand beside them.

    Args:
        rows: of `instance_rows`.
        rules: intervals and the gap that counts as high.
    """
    graded = [r for r in rows if Verdict(r["verdict"]).is_graded]
    n_infra, level = sum(r["verdict"] == Verdict.INFRA_ERROR for r in rows), rules.interval.level
    values = {name: _present(graded, name) for name in ("overall", "hfs", "brs", "tss", "public_rate", "overfit_gap")}
    gaps = values["overfit_gap"]
    values["overfit_gap_positive"] = [max(gap, 0.0) for gap in gaps]
    blocks: dict[str, Any] = {name: describe(v, name, rules.interval, n_infra) for name, v in values.items()}
    blocks["high_gap"] = rate(sum(g > rules.high_gap for g in gaps), len(gaps), level, n_infra, is_bad=True)
    for name in ("resolved", "success"):
        blocks[name] = rate(sum(bool(r[name]) for r in graded), len(graded), level, n_infra)
    return blocks


def counts(rows: Sequence[Row]) -> dict[str, Any]:
    """n_selected, n_valid, n_graded, infra_errors (and their share of what is not invalid), verdicts."""
    verdicts = Counter(r["verdict"] for r in rows)
    n_graded = sum(n for verdict, n in verdicts.items() if Verdict(verdict).is_graded)
    n_infra, at_stake = verdicts[Verdict.INFRA_ERROR], len(rows) - verdicts[Verdict.INVALID_INSTANCE]
    return {
        "n_selected": len(rows),
        "n_valid": sum(r["validity"] is True for r in rows),
        "n_graded": n_graded,
        "infra_errors": n_infra,
        "infra_rate": rounded(n_infra / at_stake) if at_stake else None,
        "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict},
    }


def totals(rows: Sequence[Row]) -> dict[str, Any]:
    """spent_usd and seconds of solving: total and per graded instance."""
    graded = [r for r in rows if Verdict(r["verdict"]).is_graded]
    return {name: _total(sum(_present(rows, name)), len(graded)) for name in ("spent_usd", "seconds")}


def plausible(rows: Sequence[Row]) -> dict[str, Any]:
    """Candidates that pass all public evidence, and how many of them the hidden tests confirm or reject."""
    passing = [r for r in rows if r["public_rate"] == 1.0]
    resolved = sum(r["resolved"] is True for r in passing)
    return {"count": len(passing), "resolved": resolved, "rejected": len(passing) - resolved}


def _total(total: float, n: int) -> dict[str, float | None]:
    return {"total": rounded(total), "per_instance": rounded(total / n) if n else None, "n": n}


def _present(rows: Sequence[Mapping[str, Any]], column: str) -> list[float]:
    return [float(r[column]) for r in rows if r[column] is not None]
