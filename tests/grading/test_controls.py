"""Controls, split and cut on a tiny real bug in the real sandbox."""

from dataclasses import replace

import pytest
from tiny_bug import BUGGY, FAIL_TO_PASS, FIXED, NEW_TESTS, PASS_TO_PASS

from bugladder.grading.controls import calibrate
from bugladder.grading.settings import GradingSettings
from bugladder.records import BugladderError, Control, Kind, Side
from bugladder.scoring.split import SplitSettings
from bugladder.workspace import apply_patch


def _calibrate(instance, world, **split):
    return calibrate(instance, world.open_workspace, GradingSettings(), SplitSettings(**split))


def test_a_right_instance_is_valid_and_its_controls_hold_at_grading(make_instance, tiny_world):
    """no_op and inert fix nothing, reference fixes everything, and all of it is written with kind and side."""
    found = _calibrate(make_instance(), tiny_world)
    assert (found.reason, found.protocol_reason) == ("", "")
    passed = {c: sum(o.outcome.value == "passed" for o in g.outcomes) for c, g in found.grades}
    assert passed == {Control.NO_OP: 4, Control.INERT: 4, Control.REFERENCE: 10}
    hidden = [o for _, g in found.grades[:1] for o in g.outcomes if o.side is Side.HIDDEN]
    assert {o.kind for o in hidden} == {Kind.FAIL_TO_PASS, Kind.PASS_TO_PASS}


def test_the_shown_files_hold_public_tests_only(make_instance, tiny_world):
    """A hidden unit's definition is not in the files that a solver gets, a public one's is."""
    found = _calibrate(make_instance(), tiny_world)
    shown = found.task.public_test_files["tests/test_tiny.py"].decode()
    for test in found.answer.hidden_fail_to_pass + found.answer.hidden_pass_to_pass:
        assert f"def {test.rpartition('::')[2].split('[')[0]}(" not in shown
    for test in found.task.public_fail_to_pass + found.task.public_pass_to_pass:
        assert f"def {test.rpartition('::')[2].split('[')[0]}(" in shown


@pytest.mark.slow
def test_parametrisations_of_one_definition_share_a_side(make_instance, tiny_world):
    """All ids that run the same code are public or hidden together, for every seed."""
    for seed in range(3):
        found = _calibrate(make_instance(), tiny_world, seed=seed)
        many = {i for i in FAIL_TO_PASS if "many" in i}
        assert many <= set(found.task.public_fail_to_pass) or many <= set(found.answer.hidden_fail_to_pass)


@pytest.mark.slow
def test_blind_shows_nothing_of_the_test_patch(make_instance, tiny_world):
    """In the blind protocol the public lists are empty and the base stays as it is."""
    found = _calibrate(make_instance(), tiny_world, protocol="blind")
    assert found.task.public_fail_to_pass == found.task.public_pass_to_pass == ()
    assert found.task.public_test_files == {}
    assert set(found.answer.hidden_fail_to_pass) == set(FAIL_TO_PASS)


@pytest.mark.slow
def test_a_test_that_passes_before_leaves_by_name(make_instance, tiny_world):
    """A listed FAIL_TO_PASS test that passes under no_op leaves the grading and is named with the reason."""
    instance = make_instance(fail_to_pass=(*FAIL_TO_PASS, PASS_TO_PASS[0]), pass_to_pass=PASS_TO_PASS[1:])
    found = _calibrate(instance, tiny_world)
    assert found.left == ((PASS_TO_PASS[0], "passes under no_op"),)
    assert PASS_TO_PASS[0] not in found.answer.fail_to_pass


@pytest.mark.slow
def test_a_flaky_test_leaves_by_name(make_instance, tiny_world):
    """A test whose outcome differs between two runs of a control leaves as flaky, and the instance stays valid."""
    flaky = (
        NEW_TESTS
        + b"""

def test_flaky():
    import os, time
    assert int(time.time() * 1e6) % 2 or os.getpid() < 0
"""
    )
    for _ in range(6):
        found = _calibrate(
            make_instance(new_tests=flaky, pass_to_pass=(*PASS_TO_PASS, "tests/test_tiny.py::test_flaky")), tiny_world
        )
        left = dict(found.left)
        if left.get("tests/test_tiny.py::test_flaky", "").startswith("flaky"):
            break
    assert left["tests/test_tiny.py::test_flaky"].startswith("flaky")
    assert found.reason == "" or "control at grading" in found.reason


def test_a_reference_that_does_not_fix_makes_the_instance_invalid(make_instance, tiny_world):
    """An instance whose FAIL_TO_PASS tests fail under the reference is invalid, with the first test named."""
    found = _calibrate(make_instance(fixed=BUGGY.replace(b"a - b", b"a * b")), tiny_world)
    assert found.task is None
    assert "fail under reference" in found.reason


def test_an_instance_without_a_fail_to_pass_test_left_is_invalid(make_instance, tiny_world):
    """Where nothing fails before, nothing can be measured."""
    found = _calibrate(make_instance(buggy=FIXED, fixed=FIXED + b"# same\n"), tiny_world)
    assert found.reason == "no FAIL_TO_PASS test is left"


def test_a_run_that_collects_nothing_is_an_error_with_the_id(make_instance, tiny_world):
    """A test command without a single test names the instance and its paths."""
    nothing = b"# no test here\n"
    with pytest.raises(BugladderError, match=r"instance tiny-1\.0-1\.1: the test run on tests collected nothing"):
        _calibrate(make_instance(new_tests=nothing), tiny_world)


def test_where_the_test_patch_names_the_paths_a_run_that_collects_nothing_is_invalid(make_instance, tiny_world):
    """Whether another repository's tests run here is for the controls to find out, and its words are the reason."""
    instance = make_instance(new_tests=b"import nowhere_to_be_found\n")
    runner = replace(instance.environment.runner, paths=())
    found = _calibrate(replace(instance, environment=replace(instance.environment, runner=runner)), tiny_world)
    assert "the test run on tests/test_tiny.py collected nothing" in found.reason
    assert (found.task, found.answer) == (None, None)


def test_a_known_obstacle_makes_invalid_with_its_words(make_instance, tiny_world):
    """An environment that cannot be made costs no run; each control has a row, so that the instance is listed."""
    instance = make_instance()
    environment = replace(instance.environment, obstacle="no wheel for this Python")
    found = _calibrate(replace(instance, environment=environment), tiny_world)
    assert found.reason == "tiny-1.0: no wheel for this Python"
    assert {(r.control, r.passed + r.failed, r.seconds) for r in found.runs} == {(c, 0, 0.0) for c in Control}


def test_the_issue_text_of_an_injected_bug_comes_from_its_public_tests(make_instance, tiny_world):
    """The text made from failing tests shows what a public test saw, and no hidden test's name."""
    instance = make_instance(origin="injected", issue_from_tests=True, problem_statement="")
    found = _calibrate(instance, tiny_world)
    assert "assert" in found.task.problem_statement
    for test in found.answer.hidden_fail_to_pass:
        assert test.rpartition("::")[2].split("[")[0] + " " not in found.task.problem_statement + " "


def test_the_reference_patch_is_the_fix(make_instance):
    """The fixture's own patch turns the buggy file into the fixed one."""
    assert apply_patch({"tiny.py": BUGGY}, make_instance().reference_patch) == {"tiny.py": FIXED}
