import pytest

from bugladder.running.alerts import budget_alert, crash_alert


def test_crashes_alert_at_the_threshold():
    """The alert comes with the threshold's crash, pauses, and names the instances."""
    assert crash_alert(["a"], 2) is None
    alert = crash_alert(["a", "b"], 2)
    assert alert.pauses
    assert "(a, b)" in alert.message


@pytest.mark.parametrize(
    ("spent", "says", "pauses"),
    [
        (0.0, None, None),
        (15.99, None, None),
        (16.0, "80%", False),
        (18.5, "90%", False),
        (20.0, "100%", True),
        (25.0, "100%", True),
    ],
)
def test_budget_levels(spent, says, pauses):
    """80 and 90 % of the budget are told, 100 % pauses; the highest level reached is the one named."""
    alert = budget_alert(spent, 20.0)
    if says is None:
        assert alert is None
    else:
        assert (alert.message.startswith(says), alert.pauses) == (True, pauses)


def test_no_budget_and_nothing_spent():
    """A phase without a budget is only alerted once anything is spent."""
    assert budget_alert(0.0, 0.0) is None
    assert budget_alert(0.01, 0.0).pauses
