import datetime as dt

import pytest
from tiny_releases import BEFORE, PINS, seed

from bugladder.mining.runs import Refused, read_runs, run_both_ways
from bugladder.records import CommandResult, Environment, Outcome, RunnerSpec, SdistSource, TestReport, TestResult
from bugladder.records.paths import PathRules

FILES = {"tests/test_a.py": b"def test_x(): pass\nclass T:\n    def test_y(self): pass\n"}
P, F = Outcome.PASSED, Outcome.FAILED


def report(outcomes, cpu_s=1.0):
    """A finished run with these outcomes."""
    results = tuple(
        TestResult(i, o, "", "tests/test_a.py::" + i.split("::", 1)[1].split("[")[0].replace("::", "."), 0.0)
        for i, o in outcomes.items()
    )
    return TestReport(results, (), is_readable=True, is_complete=True, command=CommandResult(0, b"", b"", 1.0, cpu_s))


def read(fixed, buggy, again=None, buggy_again=None):
    """What four runs with these outcomes say."""
    second = report(fixed if again is None else again)
    reports = [report(fixed), report(buggy, 2.5), second, report(buggy if buggy_again is None else buggy_again)]
    return read_runs(reports, FILES, PathRules())


X, Y, Z = "tests/test_a.py::test_x[1]", "tests/test_a.py::T::test_y", "tests/test_a.py::test_x[2]"


def test_fail_to_pass_is_what_only_the_fixed_runs_pass():
    """Failing, missing and erroneous before count alike; passing in all is PASS_TO_PASS."""
    runs = read({X: P, Y: P, Z: P}, {X: F, Z: P})
    assert runs.fail_to_pass == (Y, X)
    assert runs.pass_to_pass == (Z,)
    assert runs.cpu_seconds == 2.5


def test_what_differs_between_the_fixed_runs_is_flaky():
    """A test that passes once, or is there once, is dropped whatever it did before."""
    runs = read({X: P, Y: P}, {X: F, Y: F}, {X: F, Z: P})
    assert (runs.fail_to_pass, runs.pass_to_pass) == ((), ())
    assert runs.flaky == (Y, X, Z)


def test_what_differs_between_the_buggy_runs_is_flaky():
    """A test that fails once by chance is no FAIL_TO_PASS test; ways of failing may differ."""
    runs = read({X: P, Y: P, Z: P}, {X: F, Y: F, Z: P}, None, {X: P, Z: P})
    assert (runs.fail_to_pass, runs.pass_to_pass, runs.flaky) == ((Y,), (Z,), (X,))


def test_what_fails_in_a_fixed_run_is_no_listed_test():
    """A test that the fix does not pass is in no list, and not flaky when it fails both times."""
    runs = read({X: P, Y: F}, {X: F, Y: F})
    assert runs.fail_to_pass == (X,)
    assert Y not in (*runs.pass_to_pass, *runs.flaky)


def test_ids_that_hold_todays_date_are_dropped():
    """An id made from the clock would name another test tomorrow."""
    today = f"tests/test_a.py::test_x[{dt.datetime.now(tz=dt.UTC).date()}]"
    old = "tests/test_a.py::test_x[1999-12-31]"
    runs = read({today: P, old: P}, {today: P, old: P})
    assert runs.pass_to_pass == (old,)
    assert runs.flaky == (today,)


def test_units_are_definitions():
    """Two parametrisations of one function are one unit."""
    runs = read({X: P, Y: P, Z: P}, {})
    assert runs.fail_to_pass_units == 2
    assert set(runs.units.values()) == {"tests/test_a.py::test_x", "tests/test_a.py::T.test_y"}


def test_the_runs_see_the_files_of_their_side(tiny_world):
    """The buggy run has the later tests without the fix; the fixed ones have both, each in a fresh workspace."""
    source = SdistSource("demo", "1.0", *seed(tiny_world.cache, "1.0", BEFORE))
    environment = Environment(source, PINS, RunnerSpec("pytest", ("tests",)))
    once = b"    pathlib.Path('left').touch(exist_ok=False)\n    assert demo.SIDE\n"
    tests = {"tests/test_demo.py": b"import demo, pathlib\n\ndef test_side():\n" + once}
    reports = run_both_ways(environment, {**tests, "demo.py": b"SIDE = True"}, tests, tiny_world.open_workspace, 20.0)
    assert [list(r.outcomes().values()) for r in reports] == [[P], [F], [P], [F]]
    with pytest.raises(Refused, match=r"the run on the fixed code took .* s of CPU, over 0\.001"):
        run_both_ways(environment, {}, {}, tiny_world.open_workspace, 0.001)
