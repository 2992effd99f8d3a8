from __future__ import annotations

import dataclasses

from bugladder.records import CommandResult, Outcome, TestReport, TestResult
from bugladder.solvers.debugging.trimming import failures

PASSED = TestResult("t.py::a", Outcome.PASSED, "", "", 0.0)
BLOCK = (
    "___ test_{n} ___\n    def test_{n}():\n>       assert f(0x7f00000000{n}) == 1\nE  assert 2 == 1\n\nt.py:{n}: X\n"
)


def report(stdout, results=(PASSED,), *, timed_out=False, is_readable=True):
    """A run with this output."""
    command = CommandResult(1, stdout.encode(), b"", 1.0, 1.0, timed_out)
    return TestReport(tuple(results), (), is_readable, True, command)


def whole(blocks):
    """What pytest prints around its failures."""
    return (
        f"....F [100%]\n=== FAILURES ===\n{blocks}=== short test summary info ===\nFAILED t.py::x - boom\n"
        "1 failed, 3 passed in 0.12s\n"
    )


def test_only_failures_are_kept():
    """Progress, the summary and durations are left out; each failure stands whole."""
    text = failures(report(whole(BLOCK.format(n=1) + BLOCK.format(n=2))), (), 10_000)
    assert text.count("assert 2 == 1") == 2
    for noise in ("[100%]", "short test summary", "0.12s", "boom"):
        assert noise not in text


def test_equal_runs_give_equal_texts():
    """Addresses, temporary folders and the sandbox's places do not show."""
    first = failures(
        report(whole("___ t ___\n/box/a/tiny.py at 0x7f11111111 in /tmp/pytest-of-me/pytest-3/x\n")), ("/box/a",), 999
    )
    second = failures(
        report(whole("___ t ___\n/box/b/tiny.py at 0x7f22222222 in /tmp/pytest-of-me/pytest-9/x\n")), ("/box/b",), 999
    )
    assert first == second
    assert "tiny.py at 0x..." in first


def test_parameters_of_a_test_are_told_once():
    """Of a test that fails with many parameters one failure is shown, and how many more there are."""
    text = failures(report(whole("".join(f"___ test_a[{n}] ___\nE assert {n}\n" for n in range(9)))), (), 999)
    assert "E assert 0" in text
    assert "E assert 1" not in text
    assert "(8 more with other parameters)" in text


def test_the_text_is_bounded():
    """What does not fit is counted; a single long failure keeps its head and its end."""
    text = failures(report(whole("".join(BLOCK.format(n=n) for n in range(50)))), (), 500)
    assert len(text.encode()) < 600
    assert "more failures are not shown" in text
    long = failures(report(whole("___ test_long ___\n" + "".join(f"line {n}\n" for n in range(500)))), (), 9999)
    assert "line 0" in long
    assert "line 499" in long
    assert long.count("\n") < 45
    huge = failures(report(whole("___ test_huge ___\n" + "x" * 9999 + "the end\n")), (), 300)
    assert huge.endswith("the end")
    assert len(huge) < 400


def test_a_run_that_broke_off_says_so():
    """A time-out, a missing report and an empty collection are told in a sentence."""
    assert "did not end within 1 s" in failures(report("", timed_out=True), (), 99)
    assert "wrote no report" in failures(report("Segmentation fault", is_readable=False), (), 99)
    assert "No test was collected" in failures(report("", results=()), (), 99)


def test_what_is_told_in_no_known_way_is_shown_too():
    """Where something is wrong and no block of a failing test is found, the output stands, its error stream last."""
    failed = dataclasses.replace(PASSED, outcome=Outcome.FAILED)
    text = failures(report("FAIL: test_x (module)\nAssertionError: 1 != 2\n", (failed,)), (), 999)
    assert text.endswith("AssertionError: 1 != 2")
    broken = report("Testing\n", ())
    command = dataclasses.replace(broken.command, stderr=b"ImportError: no tiny\n")
    assert failures(dataclasses.replace(broken, command=command), (), 999).endswith("Testing\nImportError: no tiny")


def test_a_run_in_which_nothing_fails_shows_nothing():
    """Where all tests pass there is nothing that a model has to see."""
    assert not failures(report("....  [100%]\n4 passed in 0.12s\n"), (), 999)
