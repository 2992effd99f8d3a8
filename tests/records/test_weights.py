import pytest

from bugladder.records import BugladderError
from bugladder.records.weights import ScoringSettings


def test_weights_that_could_leave_nothing_are_refused():
    """HFS and TSS are the terms that are never null, so one of them needs a weight."""
    with pytest.raises(BugladderError, match="weight_hfs and weight_tss are both 0"):
        ScoringSettings(weight_hfs=0, weight_tss=0, weight_gap=1)
    assert ScoringSettings(weight_hfs=0, weight_tss=1).weight_hfs == 0
