"""Which of the tests that a candidate brings are valid, on a tiny real bug in the real sandbox."""

from dataclasses import replace

import pytest
from django_like import RUNTESTS
from tiny_bug import BUGGY, FAIL_TO_PASS, FIXED, PASS_TO_PASS

from bugladder.grading.grade import Grader, GradingSettings
from bugladder.grading.own_tests import judge_own_tests
from bugladder.records import Answer, Difficulty, RunnerSpec
from bugladder.workspace import make_patch

RIGHT = make_patch({"tiny.py": BUGGY}, {"tiny.py": FIXED})
REPRODUCES = b"from tiny import add\n\n\ndef test_sum():\n    assert add(1, 2) == 3\n"


@pytest.fixture
def judge(make_instance, tiny_world):
    """Judge test files that come with a patch."""

    def run(files, patch=RIGHT, runner=None, more=None):
        instance = make_instance(more=more)
        environment = replace(instance.environment, runner=runner or instance.environment.runner)
        answer = Answer(
            instance.instance_id, instance.reference_patch, instance.test_patch, FAIL_TO_PASS, PASS_TO_PASS, (), (),
            Difficulty.EASY, {i: i for i in (*FAIL_TO_PASS, *PASS_TO_PASS)},
        )  # fmt: skip
        with tiny_world.open_workspace(environment, {}) as workspace:
            base = dict(workspace.tree())
        settings = GradingSettings()
        return judge_own_tests(Grader(environment, answer, base, tiny_world.open_workspace, settings), files, patch)

    return run


def test_a_test_that_reproduces_the_bug_is_valid(judge):
    """Failing on buggy and inert code and passing on the reference is valid; its outcome on the patch is a row."""
    found = judge({"tests/test_mine.py": REPRODUCES})
    assert found.written == found.valid == ("tests/test_mine.py::test_sum",)
    assert [(o.outcome.value, o.kind.value) for o in found.outcomes] == [("passed", "own")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        b"def test_sum():\n    assert True\n",
        b"import pytest\n\n\n@pytest.fixture\ndef broken():\n    assert False\n\n\ndef test_sum(broken):\n    pass\n",
        b"from tiny import add\n\n\nassert add(1, 2) == 3\n\n\ndef test_sum():\n    assert add(1, 2) == 3\n",
        b"def test_sum():\n    assert False\n",
        b"import pathlib\n\n\ndef test_sum():\n    assert '# inert' in pathlib.Path('tiny.py').read_text()\n",
    ],
    ids=["passes on buggy", "fails in set-up", "fails in collection", "fails on the reference", "passes on inert"],
)
def test_a_test_that_does_not_reproduce_the_bug_is_not_valid(judge, content):
    """A test that passes on buggy or inert code, fails outside its call or fails on the reference shows nothing."""
    found = judge({"tests/test_mine.py": content})
    assert (found.valid, found.outcomes) == ((), ())


@pytest.mark.slow
def test_only_the_first_own_tests_are_looked_at(judge):
    """Of more tests than max_own_tests the first in order of file and collection count."""
    many = b"import pytest\nfrom tiny import add\n\n\n@pytest.mark.parametrize('n', range(1, 8))\n"
    many += b"def test_sum(n):\n    assert add(n, n) == 2 * n\n"
    found = judge({"tests/test_b.py": many, "tests/test_a.py": REPRODUCES})
    names = ("tests/test_a.py::test_sum", *(f"tests/test_b.py::test_sum[{n}]" for n in range(1, 5)))
    assert found.written == found.valid == names


@pytest.mark.parametrize(
    "path",
    ["tests/test_tiny.py", "tests/./test_tiny.py", "../../scratch/test_out.py", "/tmp/test_out.py", "tiny.py/test_x.py",
     "tests", "-p.py", "tests/data.json", ".git/test_x.py"],
)  # fmt: skip
def test_a_file_that_is_no_new_test_is_ignored(judge, path):
    """What is over an existing file, outside the repository or no test brings no own test and fails no machine."""
    assert judge({path: REPRODUCES}).written == ()


@pytest.mark.slow
def test_data_beside_an_own_test_is_there_for_it(judge):
    """A data file that comes with a test is laid beside it and not run itself."""
    content = b"""import json, pathlib
from tiny import add


def test_sum():
    a, b, c = json.loads(pathlib.Path(__file__).with_name("mine.json").read_text())
    assert add(a, b) == c
"""
    found = judge({"tests/test_mine.py": content, "tests/mine.json": b"[1, 2, 3]"})
    assert found.valid == ("tests/test_mine.py::test_sum",)


@pytest.mark.slow
def test_a_valid_test_fails_where_the_patch_mends_nothing(judge):
    """A valid own test has its outcome on the candidate's patch: failed, where that does not mend the bug."""
    found = judge({"tests/test_mine.py": REPRODUCES}, patch="")
    assert [o.outcome.value for o in found.outcomes] == ["failed"]


@pytest.mark.slow
def test_a_patch_in_the_way_of_own_tests_costs_only_them(judge):
    """Where the candidate's own patch leaves no room for its tests they are missing: no failure of the machine."""
    found = judge({"mine/test_mine.py": REPRODUCES}, patch=RIGHT + make_patch({}, {"mine": b"a file\n"}))
    assert [o.outcome.value for o in found.outcomes] == ["missing"]


@pytest.mark.slow
def test_a_test_of_two_names_is_one_test(judge):
    """Where a runner reports a docstring as another name of a test, that name takes no place among the first five."""
    cases = "".join(
        f'    def test_{n}(self):\n        """Words {n}."""\n        self.assertEqual(add({n}, 1), {n} + 1)\n'
        for n in range(5)
    )
    mine = f"import unittest\nfrom tiny import add\n\n\nclass Mine(unittest.TestCase):\n{cases}".encode()
    found = judge(
        {"tests/app/test_mine.py": mine}, runner=RunnerSpec("django", ()), more={"tests/runtests.py": RUNTESTS}
    )
    assert found.written == tuple(f"test_{n} (app.test_mine.Mine)" for n in range(5))
    assert found.valid == found.written
