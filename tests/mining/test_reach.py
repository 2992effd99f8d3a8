import pytest
from tiny_releases import PINS, seed

from bugladder.mining.reach import Reach, edited_lines, measure_reach
from bugladder.records import Environment, RunnerSpec, SdistSource

CODE = b"""LIMIT = 3


def once(x):
    return x


def often(x):
    return x + 1


def never(x):
    return x
"""
TESTS = b"""from demo import often, once


def test_a():
    assert once(1) == 1
    assert often(1) == 2


def test_b():
    assert often(2) == 3
"""


@pytest.mark.parametrize("root", [".", "src"])
def test_lines_are_counted_by_the_test_functions_that_run_them(tiny_world, cache, root):
    """A line's count is the number of test functions that run it; import counts none and what never runs is absent."""
    place = "demo.py" if root == "." else f"{root}/demo.py"
    release = {"PKG-INFO": b"Metadata-Version: 2.1\nName: demo\n", place: CODE, "tests/test_demo.py": TESTS}
    filename, digest = seed(cache, "1.0", release)
    spec = RunnerSpec("pytest", ("tests",), (root,))
    environment = Environment(SdistSource("demo", "1.0", filename, digest), PINS, spec)
    reach = measure_reach(environment, tiny_world.open_workspace, 30.0)
    assert reach.counts[place] == {1: 0, 4: 0, 5: 1, 8: 0, 9: 2, 12: 0}


def test_a_run_that_leaves_no_report_rules_nothing_out(tiny_world, cache):
    """Where the suite crashes, every line may be in reach."""
    release = {"PKG-INFO": b"Name: demo\n", "demo.py": CODE, "tests/test_x.py": b"import os\nos._exit(3)\n"}
    filename, digest = seed(cache, "1.1", release)
    environment = Environment(SdistSource("demo", "1.1", filename, digest), PINS, RunnerSpec("pytest", ("tests",)))
    reach = measure_reach(environment, tiny_world.open_workspace, 30.0)
    assert reach == Reach({})
    assert reach.is_in_reach("demo.py", {13}, 2)


@pytest.mark.parametrize(
    ("lines", "is_in_reach"), [({5}, False), ({9}, True), ({5, 9}, True), ({13}, False), ({4}, True), ({4, 5}, False)]
)
def test_an_edit_is_in_reach_of_two_tests_or_of_an_unknown_number(lines, is_in_reach):
    """Two tests on one of the lines suffice, import time tells nothing, one test or none is too few."""
    assert Reach({"demo.py": {1: 0, 4: 0, 5: 1, 8: 0, 9: 2}}).is_in_reach("demo.py", lines, 2) is is_in_reach


def test_edited_lines_are_those_of_the_original():
    """Replaced and removed lines count by their own numbers, an insertion by the line before it."""
    assert edited_lines("a\nb\nc\nd\n", "a\nB\nc\n") == {2, 4}
    assert edited_lines("a\nb\nc\n", "a\nb\nx\nc\n") == {2}
