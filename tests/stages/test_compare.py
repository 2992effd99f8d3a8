"""Comparing arms on the tiny project, through the real command."""

import json

import pytest
from tiny_project import make_project, stage

from bugladder.records import BugladderError
from stages.compare import combinations


def test_every_combination_of_choices_is_an_arm():
    """Comma-separated choices multiply, as in Hydra's multirun."""
    found = combinations(["-m", "solver=no_op,search", "phase=p1", "split.public_ratio=0.5,0.7"])
    assert len(found) == 4
    assert found[0] == ["solver=no_op", "phase=p1", "split.public_ratio=0.5"]


def test_an_unreadable_override_is_one_line():
    """What Hydra's grammar does not know is an error that shows the override."""
    with pytest.raises(BugladderError, match="compare: ") as caught:
        combinations(["solver=[search"])
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_arms_share_the_store_and_controls_are_rows_of_their_own(tmp_path):
    """Both arms use one control run, obey no decision, write none, and stand beside control:no_op and the others."""
    root = make_project(tmp_path)
    done = stage(root, "compare", "-m", "solver=no_op,search", "phase=baseline", "compare.name=two")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("control@compare-baseline: new=2 reused=0") == 1
    assert done.stdout.count("control@compare-baseline: new=0 reused=2") == 1
    found = json.loads((root / "reports" / "compare" / "two" / "compare.json").read_text())
    arms = {row["arm"]: row for row in found["arms"]}
    assert set(arms) == {"no_op", "search", "control:no_op", "control:inert", "control:reference"}
    assert (arms["no_op"]["resolved"], arms["control:reference"]["resolved"]) == (0.0, 1.0)
    assert found["obeys"] is None
    assert not (root / "reports" / "baseline").exists()
    again = stage(root, "compare", "-m", "solver=no_op,search", "phase=baseline", "compare.name=two")
    assert "new=2" not in again.stdout
