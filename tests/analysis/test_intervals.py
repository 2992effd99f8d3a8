"""What intervals promise."""

import numpy as np
import pytest

from bugladder.analysis.intervals import bootstrap, wilson
from bugladder.analysis.settings import IntervalSettings

SETTINGS = IntervalSettings()


def test_wilson_gives_the_published_numbers():
    """Newcombe's 1998 table (method 3): 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611."""
    assert wilson(81, 263, 0.95).low == pytest.approx(0.2553, abs=5e-5)
    assert wilson(81, 263, 0.95).high == pytest.approx(0.3662, abs=5e-5)
    assert wilson(0, 20, 0.95).high == pytest.approx(0.1611, abs=5e-5)


def test_wilson_of_nothing_is_null_with_the_reason():
    """Where nothing was tried there is no proportion and no interval."""
    assert (wilson(0, 0, 0.95).low, wilson(0, 0, 0.95).reason) == (None, "n is 0")


@pytest.mark.parametrize(("values", "reason"), [([], "n < 2"), ([0.3], "n < 2"), ([1.0] * 9, "all values are equal")])
def test_a_bootstrap_of_too_little_is_null_with_the_reason(values, reason):
    """Fewer than two values, or equal ones, have no bootstrap interval."""
    found = bootstrap(values, "mean", SETTINGS, "x")
    assert (found.low, found.high, found.reason) == (None, None, reason)


def test_a_bootstrap_is_reproducible_and_named():
    """The same values under the same name and seed give the same interval, another name or seed another one."""
    values = list(np.random.default_rng(1).random(12))
    first = bootstrap(values, "mean", SETTINGS, "overall")
    assert bootstrap(values, "mean", SETTINGS, "overall") == first
    assert bootstrap(values, "mean", SETTINGS, "hfs") != first
    assert bootstrap(values, "mean", IntervalSettings(seed=2), "overall") != first


def test_a_bootstrap_stays_in_the_range_of_the_data_and_holds_the_estimate():
    """The percentile interval of a mean of zeros and ones lies between 0 and 1 and around the mean."""
    found = bootstrap([0.0, 0.0, 0.0, 1.0], "mean", SETTINGS, "x")
    assert 0.0 <= found.low <= 0.25 <= found.high <= 1.0


def test_a_bootstrap_covers_the_truth_about_as_often_as_it_says():
    """Of 200 samples of 50 from a uniform distribution, 95 % intervals cover the true mean 180 to 199 times."""
    rng, settings = np.random.default_rng(7), IntervalSettings(resamples=500)
    found = [bootstrap(list(rng.random(50)), "mean", settings, str(i)) for i in range(200)]
    assert 180 <= sum(i.low <= 0.5 <= i.high for i in found) <= 199


@pytest.mark.filterwarnings("ignore:invalid value encountered", "ignore:The BCa confidence")
def test_bca_that_is_undefined_is_null_with_the_reason():
    """Where BCa has no answer, none is made up; percentile has one."""
    values = [0.0, 0.0, 0.0, 0.0, 1.0]
    found = bootstrap(values, "median", IntervalSettings(method="bca"), "x")
    assert (found.low, found.reason) == (None, "bca is undefined for these values")
    assert bootstrap(values, "median", SETTINGS, "x").low == 0.0
