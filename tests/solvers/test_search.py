from __future__ import annotations

import dataclasses

import pytest

from bugladder.records import Outcome
from bugladder.solvers.search import SearchSolver

SHELF = '''"""A shelf of books."""


class Shelf:
    def __init__(self, size, owner=None):
        self.size = size
        self.owner = owner
        self.books = []

    def put(self, book):
        if len(self.books) > self.size:
            raise ValueError("full")
        self.books.append(book)
        return len(self.books)

    def label(self):
        if not self.owner and self.owner != "":
            return "nobody"
        return str(self.owner)
'''
TESTS = """
import pytest
from shelf import Shelf


@pytest.mark.parametrize("size", [1, 2])
def test_full(size):
    shelf = Shelf(size)
    for i in range(size):
        shelf.put(i)
    with pytest.raises(ValueError):
        shelf.put("more")


class TestPut:
    def test_counts(self):
        assert Shelf(3).put("a") == 1


def test_label():
    assert Shelf(1).label() == "nobody"
"""
FILES = {"shelf.py": SHELF, "tests/test_shelf.py": TESTS}
FAILING = ["tests/test_shelf.py::test_full[1]", "tests/test_shelf.py::test_full[2]"]
PASSING = ["tests/test_shelf.py::TestPut::test_counts", "tests/test_shelf.py::test_label"]


QUICK = SearchSolver(max_candidates=16)


def told(solution):
    """What must be equal between equal runs: all but times."""
    rows = []
    for attempt in solution.attempts:
        detail = {k: v for k, v in attempt.detail.items() if k != "seconds"}
        rows.append(dataclasses.replace(attempt, seconds=0.0, detail=detail))
    return solution.candidate, rows


def test_search_fixes_a_boundary(lab):
    """A planted boundary bug is found, and the patch handed in makes every public test pass when applied elsewhere."""
    place = lab(FILES)
    solution = QUICK.solve(place.task(FAILING, PASSING), place.bench())
    assert solution.candidate.patch is not None
    fresh = lab(FILES)
    assert fresh.workspace.apply(solution.candidate.patch).applied
    outcomes = fresh.workspace.test([*FAILING, *PASSING]).outcomes()
    assert [outcomes[i] for i in (*FAILING, *PASSING)] == [Outcome.PASSED] * 4
    assert not solution.was_cut
    assert solution.candidate.iterations is None
    assert solution.candidate.test_files == {}
    totals, best, *_ = solution.attempts
    assert (totals.iteration, totals.step, totals.detail["evaluated"]) == (0, "totals", 16)
    assert totals.detail["plausible"] == len(solution.attempts) - 1
    assert (best.public_fail_to_pass_passed, best.public_pass_to_pass_passed) == (2, 2)
    assert (best.detail["operator"], best.detail["file"], best.detail["line"]) == (
        "comparison_boundary",
        "shelf.py",
        11,
    )


def test_nothing_public_fails(lab):
    """Without a public failing test nothing is handed in, at once, with that reason in the only row."""
    place = lab(FILES)
    solution = SearchSolver().solve(place.task([], PASSING), place.bench())
    assert solution.candidate.patch is None
    assert solution.candidate.reason == "no public failing test shows the bug"
    assert [a.step for a in solution.attempts] == ["totals"]
    assert solution.attempts[0].seconds < 0.1


@pytest.mark.slow
def test_candidates_that_break_public_passing_tests_are_not_handed_in(lab):
    """What passes the failing tests but breaks a public passing one is a row with its counts, and no candidate."""
    files = {
        "flag.py": "def flag(x):\n    return x > 1\n",
        "tests/test_flag.py": "from flag import flag\ndef test_a(): assert flag(0)\ndef test_b(): assert not flag(-1)\n"
        "def test_c(): assert not flag(1)\ndef test_d(): assert flag(2)\n",
    }
    place = lab(files)
    ids = [f"tests/test_flag.py::test_{c}" for c in "abcd"]
    solution = SearchSolver(max_candidates=25).solve(place.task(ids[:1], ids[1:]), place.bench())
    assert solution.candidate.patch is None
    assert solution.candidate.reason == "no plausible candidate passes every public test in a cold run"
    rows = solution.attempts[1:]
    assert len(rows) >= 2
    assert [r.iteration for r in rows] == list(range(1, len(rows) + 1))
    assert all(r.public_fail_to_pass_passed == 1 and r.public_pass_to_pass_passed < 3 for r in rows)
    assert {r.stop_reason for r in rows} == {"breaks public passing tests"}


@pytest.mark.slow
def test_doctests_and_unittest_ids_localise(lab):
    """A failing doctest in a source file and a unittest method lead to the bug like any test."""
    files = {
        "mini.py": 'def low(s):\n    """Lower.\n\n    >>> low("A")\n    \'a\'\n    """\n    return s.upper()\n',
        "tests/test_mini.py": "import unittest, mini\nclass T(unittest.TestCase):\n"
        "    def test_low(self): self.assertEqual(mini.low('B'), 'b')\n",
    }
    place = lab(files)
    place.workspace.spec = dataclasses.replace(place.spec, options=("--doctest-modules",))
    ids = ["mini.py::mini.low", "tests/test_mini.py::T::test_low"]
    solution = SearchSolver(max_candidates=4).solve(place.task(ids, []), place.bench())
    assert "-    return s.upper()\n+    return s.lower()" in solution.candidate.patch


def test_failing_at_import_is_said(lab):
    """Where the failing tests cannot even be collected there is no line to suspect, and the reason says so."""
    files = {**FILES, "tests/test_shelf.py": "from shelf import Box\ndef test_box(): pass\n"}
    place = lab(files)
    solution = QUICK.solve(place.task(["tests/test_shelf.py::test_box"], []), place.bench())
    assert solution.candidate.patch is None
    assert solution.candidate.reason == "no source line was seen to run in a public failing test"


def test_other_runners_are_refused(lab):
    """Search drives pytest from inside, so it hands in nothing where another runner is named."""
    place = lab(FILES)
    place.workspace.runner = dataclasses.replace(place.workspace.runner, name="django")
    solution = QUICK.solve(place.task(FAILING, PASSING), place.bench())
    assert solution.candidate.reason == "search knows the runner pytest, not django"


def test_deadline_marks_the_result(lab):
    """A search that its seconds cut says so and is marked as cut."""
    place = lab(FILES)
    solution = SearchSolver().solve(place.task(FAILING, PASSING), place.bench(limit_s=2.0))
    assert solution.was_cut
    assert solution.candidate.reason.startswith("cut by the deadline; ")


@pytest.mark.slow
def test_equal_seeds_give_equal_attempts(lab):
    """The same task and seed give the same candidate and the same attempts, whatever the hash seed; times aside."""
    told_by = []
    for hash_seed in ("0", "1", "4711"):
        place = lab(FILES, hash_seed=hash_seed)
        solver = SearchSolver(max_candidates=40)
        told_by.append(told(solver.solve(place.task(FAILING, PASSING), place.bench(seed=5))))
    assert told_by[0] == told_by[1] == told_by[2]


@pytest.mark.slow
def test_an_endless_bug_is_localised(lab):
    """A failing test that never ends under the bug is stopped while tracing, and the bug is still found."""
    files = {
        "count.py": "def down(n):\n    while n > 0:\n        n += 1\n    return n\n",
        "tests/test_count.py": "from count import down\ndef test_down(): assert down(3) == 0\n"
        "def test_no(): assert down(0) == 0\n",
    }
    place = lab(files)
    seconds = {"trace_test_timeout_s": 1.0, "candidate_timeout_s": 3.0, "candidate_cpu_floor_s": 1.0}
    solver = SearchSolver(max_candidates=6, **seconds)
    task = place.task(["tests/test_count.py::test_down"], ["tests/test_count.py::test_no"])
    solution = solver.solve(task, place.bench())
    assert "+        n -= 1" in solution.candidate.patch
    assert solution.attempts[0].detail["timed_out"] > 0
