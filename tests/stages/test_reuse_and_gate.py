"""What climbing on reuses, and what the decision before lets run, on a project of tiny bugs."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from climbing import UP_TO_ANALYZE, choose, climb, timeless
from tiny_project import edit_yaml, make_project

from bugladder.running.gate import GateClosedError

pytestmark = pytest.mark.slow  # one ladder of five climbs is built for all of them

_QUICK = ["solver.max_candidates=12", "grading.repeats=2"]


@dataclass
class Ladder:
    """A project whose baseline said stop and whose p1 was climbed against it, with what was printed and refused."""

    root: Path
    said: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)

    def climb(self, name, phase, stages=UP_TO_ANALYZE):
        """Climb and keep what was printed under a name."""
        self.said[name] = climb(self.root, phase, stages)

    def refuse(self, stage):
        """Run a stage of p1 that has to refuse, and keep its words and the tables that are there afterwards."""
        with pytest.raises(GateClosedError) as raised:
            climb(self.root, "p1", (stage,))
        self.refused[stage] = str(raised.value)
        self.left[stage] = sorted(p.name for p in (self.root / "data" / "p1").glob("*.parquet"))

    def override(self, *, is_open):
        """Switch the gate."""
        choose(self.root, overrides=[*_QUICK, *(["ladder.enforce=false"] if is_open else [])])


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    """The walk that the tests below look at; one instance in baseline, one more in p1."""
    walk = Ladder(make_project(tmp_path_factory.mktemp("ladder"), 2, {"baseline": 1, "p1": 2}))
    walk.override(is_open=False)
    walk.climb("baseline", "baseline")
    walk.climb("start", "p1", ("resolve", "select"))
    walk.refuse("control")
    walk.override(is_open=True)
    walk.climb("control", "p1", ("resolve", "control"))
    walk.override(is_open=False)
    walk.climb("closed", "p1", ("resolve", "control"))
    walk.refuse("run")
    walk.override(is_open=True)
    walk.climb("p1", "p1", ("resolve", "run", "score", "analyze"))
    return walk


def _decision(ladder, phase):
    return json.loads((ladder.root / "reports" / phase / "decision.json").read_text(encoding="utf-8"))


def test_the_baseline_is_all_new(ladder):
    """The first phase runs every instance."""
    assert ladder.said["baseline"]["control"] == "control@baseline: new=1 reused=0"
    assert ladder.said["baseline"]["run"] == "run@baseline: new=1 reused=0"
    assert _decision(ladder, "baseline")["decision"] == "stop"


def test_the_next_phase_runs_only_what_it_adds(ladder):
    """Climbing p1 after baseline reuses the instances of the baseline in control, run and score."""
    assert ladder.said["control"]["control"] == "control@p1: new=1 reused=1"
    assert ladder.said["p1"]["run"] == "run@p1: new=1 reused=1"
    candidates = timeless(ladder.root, "p1")["candidates"]
    assert [bool(c["patch"]) for c in candidates] == [True, True]
    assert ladder.said["p1"]["score"] == "score@p1: new=1 reused=1"


@pytest.mark.parametrize("stage", ["control", "run"])
def test_a_stop_refuses_new_work_in_one_line(ladder, stage):
    """Where something new would have to run, a stage refuses with decision, file and count, and writes nothing."""
    words = ladder.refused[stage]
    assert words.startswith("reports/baseline/decision.json: the decision is 'stop', not 'proceed'; ")
    assert "\n" not in words
    assert "1 instances would have to run" in words
    before = ["instances"] if stage == "control" else ["answers", "control_outcomes", "controls", "instances", "tasks"]
    assert ladder.left[stage] == [f"{name}.parquet" for name in before]


def test_a_stop_lets_the_store_fill_what_it_can(ladder):
    """With every result in the store a stage writes its tables in spite of the decision, and runs nothing."""
    assert ladder.said["closed"]["control"] == "control@p1: new=0 reused=2"


def test_an_overridden_gate_is_recorded(ladder):
    """A phase that ran against the decision before it says so in its own decision, one that obeyed says that."""
    assert _decision(ladder, "p1")["is_enforced"] is False
    assert _decision(ladder, "baseline")["is_enforced"] is True


@pytest.mark.slow
def test_the_report_says_that_the_gate_was_overridden(ladder):
    """The report to read names the override too."""
    climb(ladder.root, "p1", ("plot", "report"))
    text = (ladder.root / "reports" / "p1" / "report.md").read_text(encoding="utf-8")
    assert "ladder.enforce" in text


def test_another_solver_reuses_the_controls(ladder):
    """A solver is no part of what the controls depend on: control reuses everything, run nothing."""
    choose(ladder.root, solver="no_op", overrides=["ladder.enforce=false"])
    said = climb(ladder.root, "p1", ("resolve", "control", "run", "score"))
    choose(ladder.root, solver="search")
    ladder.override(is_open=True)
    assert (said["control"], said["run"]) == ("control@p1: new=0 reused=2", "run@p1: new=2 reused=0")
    assert said["score"] == "score@p1: new=2 reused=0"


def test_a_phase_size_alone_runs_nothing_again(ladder):
    """A smaller phase is filled from the store, and its rows are those of the larger one."""
    climb(ladder.root, "p1", ("resolve", "select", "control", "run", "score"))
    before = timeless(ladder.root, "p1")
    edit_yaml(ladder.root / "conf" / "phase" / "baseline.yaml", size=2)
    said = climb(ladder.root, "baseline", ("resolve", "select", "control", "run", "score"))
    edit_yaml(ladder.root / "conf" / "phase" / "baseline.yaml", size=1)
    assert [said[s].split(": ")[1] for s in ("control", "run", "score")] == ["new=0 reused=2"] * 3
    assert timeless(ladder.root, "baseline") == before
