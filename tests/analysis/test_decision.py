"""What a decision promises, on the criteria that conf/phase holds."""

import copy
import dataclasses

import pytest
from made_up_phase import made_up_settings, made_up_tables, phase_plan

from bugladder.analysis.criteria import judge, measure
from bugladder.analysis.decision import decide
from bugladder.analysis.phase_analysis import analyze
from bugladder.analysis.settings import Criteria, Criterion
from bugladder.records import BugladderError

BASE = analyze(made_up_tables(), made_up_settings()).metrics


def metrics(**changes):
    """Good metrics of a phase of ten, with changes by dotted path (double underscore)."""
    found = copy.deepcopy(BASE)
    good = {
        "overall__mean": 0.9, "overall__worst": 0.9, "overall__median": 0.9, "overall__ci_low": 0.89,
        "overall__ci_high": 0.91, "overall__ci_width": 0.02, "overall__std": 0.1,
        "brs__mean": 0.9, "brs__worst": 0.9, "hfs__mean": 0.9,
        "overfit_gap_positive__mean": 0.02, "overfit_gap_positive__ci_low": 0.0, "overfit_gap_positive__ci_high": 0.04,
        "overfit_gap_positive__worst": 0.02, "high_gap__rate": 0.05, "high_gap__worst": 0.05,
    }  # fmt: skip
    for path, value in (good | changes).items():
        *parents, leaf = path.split("__")
        block = found
        for key in parents:
            block = block[key]
        block[leaf] = value
    return found


def decision(phase, **changes):
    """The decision of a phase on good metrics with changes."""
    return decide(metrics(**changes), made_up_settings(phase))


@pytest.mark.parametrize("phase", ["baseline", "p1", "p2", "p3", "p4"])
def test_every_phase_proceeds_when_all_is_good(phase):
    """Good numbers pass every phase, and the sentence names the phase."""
    found = decision(phase)
    assert (found["decision"], found["doubts"]) == ("proceed", [])
    assert found["sentence"].startswith(f"{phase}: proceed, because ")


@pytest.mark.parametrize(
    ("phase", "changes", "expected"),
    [
        ("baseline", {"controls__wrong": 1}, "stop"),
        ("baseline", {"n_valid": 2}, "stop"),
        ("baseline", {"infra_errors": 1}, "stop"),
        ("p1", {"overall__mean": 0.70}, "proceed"),
        ("p1", {"overall__mean": 0.69}, "review"),
        ("p1", {"overall__mean": 0.60}, "review"),
        ("p1", {"overall__mean": 0.59}, "stop"),
        ("p1", {"overfit_gap_positive__mean": 0.11}, "review"),
        ("p1", {"high_gap__rate": 0.20}, "proceed"),
        ("p1", {"high_gap__rate": 0.21}, "stop"),
        ("p1", {"infra_errors": 1}, "review"),
        ("p1", {"infra_errors": 2}, "stop"),
        ("p2", {"overall__mean": 0.64}, "review"),
        ("p2", {"overall__mean": 0.54}, "optimize"),
        ("p2", {"brs__mean": 0.74}, "review"),
        ("p2", {"brs__mean": 0.69}, "optimize"),
        ("p2", {"failure_modes__named_share": 0.89}, "review"),
        ("p2", {"cost_usd__per_instance": 6.0}, "review"),
        ("p2", {"cost_usd__per_instance": 8.01}, "optimize"),
        ("p3", {"overall__ci_low": 0.54}, "review"),
        ("p3", {"infra_rate": 0.02}, "review"),
        ("p3", {"overall__std": 0.26}, "optimize"),
        ("p3", {"overfit_gap_positive__ci_low": 0.11}, "optimize"),
        ("p3", {"high_gap__rate": 0.21}, "optimize"),
        ("p4", {"overall__median": 0.64}, "review"),
        ("p4", {"hfs__mean": 0.54}, "review"),
    ],
)
def test_decisions_follow_the_table_of_the_design(phase, changes, expected):
    """Each threshold of the design's table decides as it says, on both of its sides."""
    assert decision(phase, **changes)["decision"] == expected


def test_success_is_reported_and_not_obeyed():
    """p1 proceeds with a low BRS, which only its success asks for."""
    found = decision("p1", brs__mean=0.1)
    assert (found["decision"], found["is_success"]) == ("proceed", False)


def test_halting_wins_over_proceeding():
    """Where criteria to proceed hold and one that halts holds too, the phase halts."""
    found = decision("p3", high_gap__rate=0.5)
    passed = {c["metric"]: c["passed"] for c in found["criteria"] if c["role"] == "proceed"}
    assert set(passed.values()) == {True}
    assert found["decision"] == "optimize"


def test_unknown_never_passes():
    """A criterion that was not measured does not let a phase proceed, and says why."""
    found = decision("p1", overfit_gap_positive__mean=None, overfit_gap_positive__reason="no instance was measured")
    row = next(c for c in found["criteria"] if c["metric"] == "overfit_gap_positive.mean" and c["role"] == "proceed")
    assert (row["passed"], row["reason"], found["decision"]) == (None, "no instance was measured", "review")


def test_measured_on_fewer_than_half_is_unknown():
    """Four of ten graded instances are too few for a criterion, five are not."""
    assert decision("p1", overfit_gap_positive__n=4)["decision"] == "review"
    assert decision("p1", overfit_gap_positive__n=5)["decision"] == "proceed"


def test_an_unknown_halt_lets_nothing_proceed():
    """What could halt the phase and was not measured leaves a review."""
    found = decision("p3", high_gap__n=1)
    assert found["decision"] == "review"
    assert "is unknown" in found["sentence"]


def test_few_graded_instances_decide_at_best_a_review():
    """Seven graded of ten cannot proceed, eight can; a halt still halts."""
    assert decision("p1", n_graded=8)["decision"] == "proceed"
    assert decision("p1", n_graded=7)["decision"] == "review"
    assert decision("p1", n_graded=7, overall__mean=0.1)["decision"] == "stop"


def test_the_worst_case_must_stay_above_the_stop_threshold():
    """p2 may lose instances to the infrastructure, unless counting them as 0 would halt it."""
    assert decision("p2", overall__worst=0.56)["decision"] == "proceed"
    found = decision("p2", overall__worst=0.54)
    assert found["decision"] == "review"
    assert "if every infrastructure failure counted as the worst" in found["sentence"]


@pytest.mark.parametrize(("ends", "tells"), [((0.6, 0.65), True), ((0.5, 0.8), False), ((None, None), None)])
def test_n_suffices_where_the_threshold_lies_outside_of_the_interval(ends, tells):
    """Whether n is large enough to tell follows from the interval alone; counts are exact."""
    found = metrics(overall__ci_low=ends[0], overall__ci_high=ends[1])
    assert judge("proceed", Criterion("overall.mean", ">=", 0.7, "x"), found, 0.5).n_suffices is tells
    assert judge("proceed", Criterion("infra_errors", "==", 0, "x"), found, 0.5).n_suffices is True


def test_the_interval_belongs_to_its_own_statistic():
    """A median is shown with the interval of the median, and never with the mean's."""
    block = BASE["overall"]
    found = measure(BASE, "overall.median")
    assert (found.low, found.high) == (block["median_ci_low"], block["median_ci_high"])
    assert found.worst is None


def test_a_criterion_on_no_metric_names_it():
    """A misspelt metric in a phase file is an error that names it."""
    plan = dataclasses.replace(phase_plan("p1"), criteria=Criteria((), (Criterion("overal.mean", ">=", 1, "x"),)))
    with pytest.raises(BugladderError, match=r"metric 'overal\.mean' is not in the metrics"):
        decide(BASE, dataclasses.replace(made_up_settings(), phase=plan))


def test_a_decision_says_what_it_is_about():
    """Gate and reader find dataset, arm, digest, phase and an overridden gate in the decision."""
    found = decision("p1")
    assert [found[k] for k in ("phase", "dataset", "arm", "is_enforced")] == ["p1", "made_up", "made_up_solver", True]
    assert found["arm_digest"] == "a" * 64


@pytest.mark.parametrize("pin", [0.40, 0.20])
def test_the_baseline_holds_against_its_pin(pin):
    """The mean Overall of the first four instances is compared with the value pinned for this arm."""
    settings = made_up_settings(pins={"a" * 64: pin})
    found = analyze(made_up_tables(), settings)
    row = next(c for c in found.decision["criteria"] if c["metric"] == "hold.difference")
    mean = (0.8947 + 0 + 0.125 + 0) / 4
    assert row["value"] == pytest.approx(mean - pin, abs=1e-6)
    assert row["passed"] is (mean - pin >= -0.05)


def test_hold_is_unknown_without_a_pin():
    """Without a pinned value nobody knows whether the baseline holds."""
    row = next(c for c in decision("p1")["criteria"] if c["metric"] == "hold.difference")
    assert (row["passed"], row["reason"]) == (None, "no value is pinned for this arm")


def test_a_phase_with_nothing_graded_stops_or_asks():
    """Metrics of a phase in which nothing could be graded are complete, and it does not proceed."""
    tables = dataclasses.replace(made_up_tables(), scores=[], outcomes=[], candidates=[], tasks=[], answers=[])
    found = analyze(tables, made_up_settings("p1"))
    assert found.metrics["n_graded"] == 0
    assert found.metrics["overall"]["reason"] == "no instance was measured"
    assert found.decision["decision"] == "review"
    assert analyze(tables, made_up_settings("baseline")).decision["decision"] == "stop"
