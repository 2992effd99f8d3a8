from __future__ import annotations

from dataclasses import replace

import pytest

from bugladder.records import Outcome
from bugladder.solvers.repair.listed import with_collected_ids
from bugladder.solvers.search import SearchSolver
from bugladder.workspace import Workspace

CODE = "LIMIT = 1\n\n\ndef small(x):\n    return x < LIMIT\n"
TESTS = """
import pytest
from mini import small


@pytest.mark.parametrize("x", [1], ids=["the one"])
def test_small(x):
    assert small(x)


@pytest.mark.parametrize("x", [2, 3], ids=["more than one", "more than two"])
def test_large(x):
    assert not small(x)


@pytest.mark.parametrize("path", ["/a/b", "c"])
def test_path(path):
    assert not small(5)


def test_plain():
    assert not small(9)
"""
FILES = {"mini.py": CODE, "tests/test_mini.py": TESTS}
AT = "tests/test_mini.py::"
FAILING, PASSING = [f"{AT}test_small[the"], [f"{AT}test_large[more", f"{AT}test_plain"]


@pytest.fixture
def listed(lab):
    """A repository whose tests are listed as an official parser spells them."""

    def build(parser):
        place = lab(FILES)
        place.workspace = Workspace(
            place.session, place.workspace.runner, replace(place.spec, parser=parser), place.workspace.timeout_s
        )
        return place

    return build


def test_cut_ids_stand_for_the_tests_that_were_collected(listed):
    """An id that a list has cut at a blank stands for each test that it may be; one of no test stays as it is."""
    place = listed("parse_log_pytest")
    gone = f"{AT}test_gone[it"
    found = with_collected_ids(place.task(FAILING, [*PASSING, gone]), place.workspace, 60.0)
    assert found.public_fail_to_pass == (f"{AT}test_small[the one]",)
    large = [f"{AT}test_large[more than {n}]" for n in ("one", "two")]
    assert found.public_pass_to_pass == (*large, f"{AT}test_plain", gone)


def test_shortened_ids_stand_for_the_tests_that_were_collected(listed):
    """An id whose parameter a list has shortened to the end of a path stands for the whole one."""
    place = listed("parse_log_pytest_options")
    found = with_collected_ids(place.task([f"{AT}test_path[/b]"], [f"{AT}test_path[c]"]), place.workspace, 60.0)
    assert found.public_fail_to_pass == (f"{AT}test_path[/a/b]",)
    assert found.public_pass_to_pass == (f"{AT}test_path[c]",)


def test_lists_of_our_own_are_taken_as_they_are(listed):
    """Where no parser made the lists no test is run for them."""
    place = listed("")
    task = place.task(FAILING, PASSING)
    assert with_collected_ids(task, place.workspace, 0.001) is task


@pytest.mark.slow
def test_search_finds_tests_whose_ids_are_cut(listed):
    """Cut ids are traced, tried and checked as what they stand for, and the fix is found."""
    place = listed("parse_log_pytest")
    solution = SearchSolver(max_candidates=16).solve(place.task(FAILING, PASSING), place.bench())
    assert solution.candidate.patch is not None
    fresh = listed("parse_log_pytest")
    assert fresh.workspace.apply(solution.candidate.patch).applied
    outcomes = fresh.workspace.test([*FAILING, *PASSING]).outcomes()
    assert [outcomes[i] for i in (*FAILING, *PASSING)] == [Outcome.PASSED] * 3
