"""A candidate that mends nothing is never resolved, whatever it does to be taken for right, in every sandbox."""

import pytest
from docker_engine import docker_sandbox
from forged_candidates import BASE, CASE_ID, CASES, CODE, OPEN, PATCHES, as_patch
from tiny_bug import BUGGY, FAIL_TO_PASS, FIXED, NEW_TESTS, OLD_TESTS, PASS_TO_PASS

from bugladder.grading.grade import Grader
from bugladder.grading.settings import GradingSettings
from bugladder.records import Answer, Difficulty, Outcome
from bugladder.records.weights import ScoringSettings
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox
from bugladder.scoring.scores import Evidence, score_instance
from bugladder.workspace import make_patch

RIGHT = make_patch({"tiny.py": BUGGY}, {"tiny.py": FIXED})
FAILING = (*FAIL_TO_PASS, CASE_ID)
UNITS = {
    i: i.split("[")[0].replace("TestAdd::", "TestAdd.").replace("Cases::", "Cases.") for i in (*FAILING, *PASS_TO_PASS)
}


@pytest.fixture(params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request, cache):
    """Every sandbox that grades."""
    return docker_sandbox(cache) if request.param == "docker" else LocalSandbox(cache=str(cache))


@pytest.fixture
def grader(make_instance, sandbox):
    """A grader of the tiny bug, with a unittest case among its tests."""

    def make(timeout_s=60.0):
        tests = {"tests/test_tiny.py": NEW_TESTS, "tests/test_cases.py": CASES}
        instance = make_instance(
            more={**BASE}, test_patch=make_patch({"tests/test_tiny.py": OLD_TESTS}, tests), fail_to_pass=FAILING
        )
        answer = Answer(
            instance.instance_id, instance.reference_patch, instance.test_patch, FAILING, PASS_TO_PASS,
            (FAILING[0],), (PASS_TO_PASS[0],), Difficulty.EASY, UNITS,
        )  # fmt: skip
        opener = workspace_opener(sandbox, timeout_s, label="forged")
        with opener(instance.environment, {}) as workspace:
            base = dict(workspace.tree())
        return Grader(instance.environment, answer, base, opener, GradingSettings())

    return make


def _scores(graded):
    return score_instance(Evidence(graded.outcomes, has_patch=True, applied=graded.applied), ScoringSettings())


def _passed(graded):
    return [o.test_id for o in graded.outcomes if o.outcome is Outcome.PASSED and o.test_id in FAILING]


def test_the_right_patch_is_resolved_here(grader):
    """The tests that the forgers are after pass for a candidate that mends the code."""
    graded = grader().grade(RIGHT)
    assert (graded.reason, _scores(graded).verdict) == ("", "resolved")


@pytest.mark.slow
@pytest.mark.parametrize("name", CODE)
def test_code_that_forges_is_not_resolved(grader, name):
    """Code that decides in the tests' process what is reported passes no failing test."""
    graded = grader(8.0 if name == "endless output" else 60.0).grade(as_patch(CODE[name]))
    assert graded.applied
    assert not _scores(graded).resolved
    assert _passed(graded) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PATCHES)
def test_a_patch_that_forges_is_not_resolved(grader, name):
    """A patch that brings files in place of tests, tools or settings passes no failing test."""
    graded = grader().grade(PATCHES[name])
    assert not _scores(graded).resolved
    assert _passed(graded) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in PATCHES if "link" not in n])
def test_what_a_patch_forges_does_not_spoil_a_right_one(grader, name):
    """The same files beside a right patch leave the graded tree, and the right patch counts."""
    graded = grader().grade(RIGHT + PATCHES[name])
    assert _scores(graded).resolved, graded.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.xfail(reason=f"{n}: see docs/threats.md", strict=True)) for n in OPEN]
)
def test_what_cannot_be_closed(grader, name):
    """What no guard inside of the process can tell from a right answer: each stands in docs/threats.md."""
    assert not _scores(grader().grade(as_patch(OPEN[name]))).resolved


FOOLS = (
    "a loader on sys.meta_path", "a rewriter of assertions that leaves them out", "another compile",
    "another AssertionError", "reports that always say passed", "reports that say passed of known tests",
    "exchanged code of pytest's own function", "tests that are never called", "a plugin registered by hand",
    "expected failure from inside", "a mark planted in the test modules",
    "an AssertionError planted in the test modules", "writes the tests anew", "a fixture for every test, planted",
    "tests exchanged by the first one that runs", "an item that runs otherwise", "finds out that it is graded",
    "another exit status",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FOOLS)
def test_the_forgeries_are_real(grader, name):
    """The forging code works: the plain test command ends with 0 on code that is still wrong."""
    judge = grader()
    with judge.open_workspace(judge.environment, {"tests/test_tiny.py": NEW_TESTS}) as workspace:
        assert workspace.apply(as_patch(CODE[name])).applied
        plain = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_tiny.py")
        done = workspace.run(*plain, PYTHONPATH=".")
    assert done.exit_code == 0, done.stdout.decode()[-1500:]
