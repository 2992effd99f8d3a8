"""Judging an instance by its controls."""

from bugladder.records import Control, Outcome
from bugladder.scoring.validity import judge

P, F = Outcome.PASSED, Outcome.FAILED


def _runs(no_op, reference, inert=None):
    inert = inert if inert is not None else no_op
    both = {Control.NO_OP: no_op, Control.INERT: inert, Control.REFERENCE: reference}
    return {c: (r if isinstance(r, list) else [r, r]) for c, r in both.items()}


def test_a_right_instance_is_valid():
    """FAIL_TO_PASS fails before and passes after, PASS_TO_PASS passes in all."""
    found = judge(["f"], ["p"], _runs({"f": F, "p": P}, {"f": P, "p": P}))
    assert (found.is_valid, found.left) == (True, ())


def test_a_missing_test_is_no_pass():
    """A FAIL_TO_PASS test that does not exist before is a failing one; after, it must be there."""
    assert judge(["f"], [], _runs({}, {"f": P})).is_valid
    assert "fail under reference" in judge(["f"], [], _runs({}, {})).reason


def test_more_than_one_percent_broken_makes_invalid():
    """The reference may break one PASS_TO_PASS test or 1 %, and that test leaves by name."""
    names = [f"p{i}" for i in range(50)]
    before = {"f": F} | dict.fromkeys(names, P)
    one = judge(["f"], names, _runs(before, {**before, "f": P, "p0": F}))
    assert (one.is_valid, one.left) == (True, (("p0", "fails under reference"),))
    two = judge(["f"], names, _runs(before, {**before, "f": P, "p0": F, "p1": F}))
    assert "2 of 50 PASS_TO_PASS tests fail under reference" in two.reason


def test_inert_that_fixes_makes_invalid():
    """A comment that makes a failing test pass shows that the test does not measure the code."""
    found = judge(["f"], [], _runs({"f": F}, {"f": P}, inert={"f": P}))
    assert found.reason.startswith("inert passes what no_op fails")


def test_a_difference_between_runs_is_flaky_in_any_control():
    """Flaky tests leave by name, whichever control shows it."""
    for flaky in Control:
        runs = _runs({"f": F, "g": F}, {"f": P, "g": P})
        steady = runs[flaky][0]
        runs[flaky] = [steady, {**steady, "g": F if steady["g"] is P else P}]
        assert judge(["f", "g"], [], runs).left == (("g", f"flaky under {flaky.value}"),)


def test_lines_that_a_parser_took_for_tests_leave_by_name():
    """A parser of pytest's output lists progress marks, too; they count for nothing, and names without files do."""
    listed = ["[100%]", "[", "[50%]"]
    runs = _runs({"t.py::f": F, "t.py::p": P}, {"t.py::f": P, "t.py::p": P})
    found = judge(["t.py::f"], ["t.py::p", *listed], runs, "parse_log_pytest")
    assert (found.reason, found.pass_to_pass) == ("", ("t.py::p",))
    assert dict(found.left) == dict.fromkeys(listed, "no test's id")
    named = judge(["A docstring"], [], _runs({"A docstring": F}, {"A docstring": P}), "parse_log_django")
    assert (named.is_valid, named.left) == (True, ())
