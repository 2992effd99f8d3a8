from __future__ import annotations

import pytest

from bugladder.solvers.repair.localisation import Spectrum, localise, ochiai, sample_passing, suspicious_paths
from bugladder.solvers.repair.source import parse
from bugladder.solvers.repair.tracing import read_spectrum

TEXT = b'''"""Docs."""
import os

LIMIT = 3


def f(a=1):
    """Docs."""
    if a:
        return os
    return (
        a,
    )


def g():
    return 1
'''


def spectrum(covered, imported=()):
    """Who executed which lines of m.py; one test fails and two pass."""
    return Spectrum(
        frozenset({"bad"}),
        frozenset({"good", "fine"}),
        {"m.py": {line: frozenset(tests) for line, tests in covered.items()}},
        {"m.py": frozenset(imported)},
    )


@pytest.mark.parametrize(
    ("failed_covering", "failed", "passed_covering", "expected"),
    [(0, 2, 5, 0.0), (1, 1, 0, 1.0), (2, 2, 0, 1.0), (1, 1, 3, 0.5), (1, 4, 3, 0.25), (2, 2, 6, 0.5)],
)
def test_ochiai_by_hand(failed_covering, failed, passed_covering, expected):
    """Ochiai is ef / sqrt((ef + nf)(ef + ep))."""
    assert ochiai(failed_covering, failed, passed_covering) == pytest.approx(expected)


def test_statements_rank_by_who_executed_them():
    """What only the failing test executed comes first; what no failing test executed is no suspect."""
    found = localise(
        [parse("m.py", TEXT)], spectrum({9: {"bad", "good"}, 10: {"bad"}, 11: {"good"}, 17: {"good"}}), max_locations=9
    )
    assert [(s.statement.line, round(s.suspiciousness, 3)) for s in found] == [(10, 1.0), (7, 0.707), (9, 0.707)]


def test_multi_line_statements_count_every_line():
    """A statement over several lines was executed by who executed any of them."""
    found = localise([parse("m.py", TEXT)], spectrum({12: {"bad"}}), max_locations=9)
    assert [s.statement.line for s in found] == [11]


def test_import_time_code_belongs_to_all_who_entered_the_file():
    """Module-level code is executed by each test that executes anything of the file, so it is a weaker suspect."""
    found = localise(
        [parse("m.py", TEXT)], spectrum({10: {"bad"}, 17: {"good"}}, imported=[2, 4, 7, 16]), max_locations=9
    )
    assert [(s.statement.line, round(s.suspiciousness, 3)) for s in found] == [(10, 1.0), (4, 0.707)]


def test_max_locations_bounds_the_list():
    """No more suspects than asked for."""
    assert len(localise([parse("m.py", TEXT)], spectrum({9: {"bad"}, 10: {"bad"}, 11: {"bad"}}), max_locations=2)) == 2


def test_sample_takes_near_tests_first():
    """Tests of the failing tests' own files are traced before others, spread evenly where they are too many."""
    passing = [*(f"b.py::t{i}" for i in range(4)), *(f"a.py::t{i}" for i in range(4))]
    assert sample_passing(["a.py::bad"], passing, 6) == (
        "a.py::t0",
        "a.py::t1",
        "a.py::t2",
        "a.py::t3",
        "b.py::t0",
        "b.py::t2",
    )
    assert sample_passing(["a.py::bad"], passing, 2) == ("a.py::t0", "a.py::t2")
    assert sample_passing(["a.py::bad"], passing, 99) == (*passing[4:], *passing[:4])


def test_tracer_answer_is_read():
    """Contexts are tests, the empty one is import time; a public failing test that passed here is no failing one."""
    answer = {
        "contexts": ["", "bad", "good"],
        "passed": {"bad": False, "good": True, "odd": True},
        "files": {"m.py": {"1": [0], "9": [1, 2], "10": [0, 1]}},
    }
    read = read_spectrum(answer, ["bad", "odd", "never ran"])
    assert read.failing == {"bad"}
    assert read.passing == {"good"}
    assert read.covered == {"m.py": {9: {"bad", "good"}, 10: {"bad"}}}
    assert read.imported == {"m.py": {1, 10}}
    assert suspicious_paths(read, 10) == ["m.py"]


def test_only_files_of_suspicious_lines_are_parsed():
    """A file whose lines are all less suspicious than enough others' is not looked into."""
    covered = {
        "a.py": {1: frozenset({"bad", "good"})},
        "b.py": {1: frozenset({"bad"}), 2: frozenset({"bad"})},
        "c.py": {1: frozenset({"good"})},
    }
    seen = Spectrum(frozenset({"bad"}), frozenset({"good"}), covered, {})
    assert suspicious_paths(seen, 2) == ["b.py"]
    assert suspicious_paths(seen, 99) == ["a.py", "b.py"]


@pytest.mark.parametrize("content", [b"def f(:\n", b"x = '\xff'\n", b"\xef\xbb\xbfx = 1\n"])
def test_unreadable_sources_are_left_alone(content):
    """A file that is no plain UTF-8 Python has no statements to change."""
    assert parse("m.py", content) is None
