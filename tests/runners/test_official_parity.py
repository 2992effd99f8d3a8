"""Our reports and the official package's reading of the official command's output, on states of real repositories."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from bugladder.records import Control, Kind, Outcome, Side, TestOutcome
from bugladder.records.weights import ScoringSettings
from bugladder.scoring.scores import Evidence, score_instance
from bugladder.scoring.validity import judge
from bugladder.sources import official

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(p.name for p in GOLDEN.iterdir())
STATES = ("before", "after")
# Lines that an official parser takes for tests: the count of a summary's skips, what runs inside of a test print.
NO_TESTS = {
    "matplotlib__matplotlib-25442": {"[1]"},
    "pytest-dev__pytest-5227": {
        "[", "[100%]", "[100%]------------------------------", "root:test_log_cli_level_log_level_interaction.py:8",
        "root:test_root_logger_affected.py:7",
    },
}  # fmt: skip

pytestmark = pytest.mark.skipif(find_spec("swebench") is None, reason="the extra [swebench] is not installed")


def ours(case):
    """Our outcomes by state and id, and the case's parser."""
    found = json.loads((GOLDEN / case / "ours.json").read_text(encoding="utf-8"))
    return found["outcomes"], found["parser"]


def log_of(case, state):
    """What the official command printed."""
    return (GOLDEN / case / f"{state}.log").read_text(encoding="utf-8")


def theirs(case, state):
    """The official statuses by id, of what is a test."""
    found = official.parse_log(ours(case)[1], log_of(case, state))
    return {i: status for i, status in found.items() if i not in NO_TESTS.get(case, ())}


def judged(case):
    """What our controls leave of the official lists, which are made from what the parser says of both states."""
    outcomes, parser = ours(case)
    before, after = (official.parse_log(parser, log_of(case, state)) for state in STATES)
    good = {i for i, status in after.items() if status in {"PASSED", "XFAIL"}}
    kept = {i for i in good if before.get(i) in {"PASSED", "XFAIL"}}
    runs = {control: [{i: Outcome(o) for i, o in outcomes["before"].items()}] for control in Control}
    runs[Control.REFERENCE] = [{i: Outcome(o) for i, o in outcomes["after"].items()}]
    return judge(sorted(good - kept), sorted(kept), runs, parser)


def listed(case):
    """FAIL_TO_PASS and PASS_TO_PASS less those that left by name."""
    found = judged(case)
    return found.fail_to_pass, found.pass_to_pass


def is_resolved(outcomes, fail_to_pass, pass_to_pass):
    """What our scoring makes of outcomes by id; a listed test without one is missing."""
    rows = [
        TestOutcome(i, Outcome(outcomes.get(i, "missing")), kind, Side.HIDDEN, i, 0.0)
        for kind, ids in ((Kind.FAIL_TO_PASS, fail_to_pass), (Kind.PASS_TO_PASS, pass_to_pass))
        for i in ids
    ]
    return score_instance(Evidence(tuple(rows), has_patch=True, applied=True), ScoringSettings()).resolved


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("state", STATES)
def test_every_test_that_the_official_parser_names_has_its_outcome_here(case, state):
    """Passed is passed, skipped is skipped and the rest has failed, under the very id that the official lists have."""
    outcomes = ours(case)[0][state]
    words = {"passed": "PASSED", "skipped": "SKIPPED"}
    found = {i: words.get(outcomes.get(i, "missing"), "FAILED") for i in theirs(case, state)}
    wanted = {i: {"ERROR": "FAILED", "XFAIL": "PASSED"}.get(s, s) for i, s in theirs(case, state).items()}
    assert found == wanted


@pytest.mark.parametrize("case", CASES)
def test_only_what_is_no_test_leaves(case):
    """Every listed test stays; a line that the official parser takes for one leaves by name and counts for nothing."""
    found = judged(case)
    assert found.reason == ""
    assert {i for i, _ in found.left} <= NO_TESTS.get(case, set())
    assert {reason for _, reason in found.left} <= {"no test's id"}
    reported = {i for state in STATES for i in ours(case)[0][state]}
    assert reported.isdisjoint(NO_TESTS.get(case, ()))


# What each kind of id and command is shown by.
SHOWN = {
    "cut at a blank": ("marshmallow-code__marshmallow-1359", "test_make_error[required-Missing"),
    "cut, and the one to be mended": ("pylint-dev__astroid-1866", "test_string_format_uninferable[\\n"),
    "cut, several tests as one": ("matplotlib__matplotlib-25442", "test_picking[axes"),
    "parametrised": ("marshmallow-code__marshmallow-1359", "test_field_aliases[Integer-Integer]"),
    "unittest's id": (
        "django__django-15061",
        "test_clean (forms_tests.field_tests.test_multivaluefield.MultiValueFieldTest",
    ),
    "a docstring's first line": ("django__django-15061", "Test when the first widget's data has changed."),
    "sympy's own runner": ("sympy__sympy-20590", "test_as_dummy"),
    "pytest's own repository": ("pytest-dev__pytest-5227", "test_log_cli_enabled_disabled[True]"),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_every_kind_of_id_is_among_the_logs(kind):
    """Each way in which lists spell a test has a listed test in a log of a real run."""
    case, part = SHOWN[kind]
    fail_to_pass, pass_to_pass = listed(case)
    assert any(part in i for i in (fail_to_pass if "mended" in kind else (*fail_to_pass, *pass_to_pass)))


@pytest.mark.parametrize(
    ("case", "part", "count"),
    [("pylint-dev__astroid-1866", "[\\n ", 6), ("matplotlib__matplotlib-25442", "test_picking[axes ", 9)],
)
def test_ambiguous_ids_stand_for_several_tests(case, part, count):
    """In the log of such a case several tests follow under what the parser reads as one id."""
    lines = [line for line in log_of(case, "after").split("\n") if line.startswith("PASSED") and part in line]
    assert len(lines) == count
    assert sum(part.strip() in i for i in theirs(case, "after")) == 1


def test_sphinx_ran_through_tox():
    """Sphinx's logs come from its official command, tox, which has pytest print in colours."""
    for state in STATES:
        log = log_of("sphinx-doc__sphinx-8713", state)
        assert log.startswith("py311: commands[0]> python -X dev -m pytest -rA --durations 25 tests/")
        assert "\x1b[32mPASSED\x1b[0m tests/" in log


@pytest.mark.parametrize("case", CASES)
def test_verdicts_are_the_official_ones(case):
    """On the same ids both say the same: resolved with the reference patch, and not without it."""
    fail_to_pass, pass_to_pass = listed(case)
    assert fail_to_pass, "a case where nothing is mended shows nothing"
    for state in STATES:
        official_verdict = official.resolution(theirs(case, state), fail_to_pass, pass_to_pass)
        resolved = is_resolved(ours(case)[0][state], fail_to_pass, pass_to_pass)
        assert (official_verdict == "RESOLVED_FULL") == resolved == (state == "after")


@pytest.mark.parametrize("case", CASES)
def test_one_failure_more_is_seen_by_both(case):
    """Whichever listed test fails after all, or is not named at all, neither calls the state resolved."""
    fail_to_pass, pass_to_pass = listed(case)
    statuses, outcomes = theirs(case, "after"), ours(case)[0]["after"]
    for test in (*fail_to_pass, *pass_to_pass):
        for worse_there, worse_here in (({test: "FAILED"}, {test: "failed"}), ({}, {})):
            there = {k: v for k, v in statuses.items() if k != test} | worse_there
            here = {k: v for k, v in outcomes.items() if k != test} | worse_here
            assert official.resolution(there, fail_to_pass, pass_to_pass) != "RESOLVED_FULL"
            assert not is_resolved(here, fail_to_pass, pass_to_pass)


@pytest.mark.parametrize("case", CASES)
def test_a_skipped_listed_test_is_passed_over_there_and_has_failed_here(case):
    """The one exception among these: whoever skips a test instead of mending it has resolved nothing here."""
    fail_to_pass, pass_to_pass = listed(case)
    test = (pass_to_pass or fail_to_pass)[0]
    statuses, outcomes = theirs(case, "after"), ours(case)[0]["after"]
    skipped = official.resolution({**statuses, test: "SKIPPED"}, fail_to_pass, pass_to_pass)
    assert (skipped == "RESOLVED_FULL") == (len(fail_to_pass) + len(pass_to_pass) > 1)
    assert not is_resolved({**outcomes, test: "skipped"}, fail_to_pass, pass_to_pass)
