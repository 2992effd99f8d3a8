"""Decides how uncertain a number is: seeded bootstrap for means and medians, Wilson for shares, null with a reason.

Percentile is the default bootstrap: the scores lie in [0, 1] and are mostly 0 or 1, n is 4 or 10 at first, and BCa's
acceleration, a skewness estimated from so few values, is noise there and undefined in the worst cases (Efron and
Tibshirani 1993, chapters 13 and 14). A percentile interval always stays in the range of the data.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bugladder.analysis.settings import IntervalSettings

Statistic = Literal["mean", "median"]
_STATISTICS: dict[Statistic, Callable[..., Any]] = {"mean": np.mean, "median": np.median}
DIGITS = 6


@dataclass(frozen=True)
class Interval:
    """Both ends, or null ends with the reason."""

    low: float | None
    high: float | None
    reason: str = ""


def generator(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for each name, so that another metric more or less changes no interval."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")])


def bootstrap(values: Sequence[float], statistic: Statistic, settings: IntervalSettings, name: str) -> Interval:
    """Bootstrap interval of the mean or median over instances.

    Args:
        values: one number per instance.
        statistic: what is estimated.
        settings: level, resamples, method, seed.
        name: what the values are; it seeds the generator.

    Returns:
        The interval; null where n < 2, where all values are equal, and where BCa is undefined.
    """
    if len(values) < 2:
        return Interval(None, None, "n < 2")
    if min(values) == max(values):
        return Interval(None, None, "all values are equal")
    from scipy import stats  # three seconds that a stage without intervals should not pay

    data: Any = (np.asarray(values, dtype=np.float64),)
    found = stats.bootstrap(
        data,
        _STATISTICS[statistic],
        n_resamples=settings.resamples,
        confidence_level=settings.level,
        method=settings.method,
        rng=generator(settings.seed, f"{name}.{statistic}"),
        vectorized=True,
    ).confidence_interval
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return Interval(None, None, f"{settings.method} is undefined for these values")
    return Interval(round(float(found.low), DIGITS), round(float(found.high), DIGITS))


def ratio_bootstrap(pairs: Sequence[tuple[float, float]], settings: IntervalSettings, name: str) -> Interval:
    """Percentile interval of a ratio of sums, such as USD per resolved instance, resampling instances.

    Args:
        pairs: numerator and denominator per instance; the denominators are not negative.
        settings: level, resamples, seed.
        name: what the ratio is; it seeds the generator.

    Returns:
        The interval; null where n < 2, where all resamples agree, and where the denominator is 0 in so many resamples
        that an end is not finite.
    """
    if len(pairs) < 2:
        return Interval(None, None, "n < 2")
    data, tail = np.asarray(pairs, dtype=np.float64), (1 - settings.level) / 2
    drawn = generator(settings.seed, f"{name}.ratio").integers(len(data), size=(settings.resamples, len(data)))
    above, below = (data[drawn, column].sum(axis=1) for column in (0, 1))
    ratios = np.where(below > 0, above / np.where(below > 0, below, 1), np.inf)
    low, high = np.quantile(ratios, (tail, 1 - tail), method="inverted_cdf")
    if not math.isfinite(high):
        return Interval(None, None, "too few to divide by")
    if low == high:
        return Interval(None, None, "all values are equal")
    return Interval(round(float(low), DIGITS), round(float(high), DIGITS))


def wilson(count: int, n: int, level: float) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927), in parts of 1.

    Args:
        count: successes, 0 to n.
        n: trials.
        level: confidence level.

    Returns:
        The interval; null where n is 0. It exists for n = 1 and where all trials agree.
    """
    if n == 0:
        return Interval(None, None, "n is 0")
    from scipy import stats  # as in bootstrap

    found = stats.binomtest(count, n).proportion_ci(confidence_level=level, method="wilson")
    return Interval(round(float(found.low), DIGITS), round(float(found.high), DIGITS))
