import pytest

from bugladder.grading.issue_text import FailingTest, issue_text


def _text(*messages: str) -> str:
    return issue_text("demo", [FailingTest(f"tests/test_words.py::test_{i}", m) for i, m in enumerate(messages)])


def test_it_shows_the_wrong_value_and_the_area():
    """The wrong value that a failing test reports stands in the text, and so does what its file is about."""
    text = _text("AssertionError: assert 'ab' == 'abc'")
    assert "    AssertionError: assert 'ab' == 'abc'" in text
    assert text.startswith("demo gives wrong results around words\n")


@pytest.mark.parametrize(
    ("message", "hidden", "word"),
    [
        ("<A object at 0x7f3a12bc9d10>", "7f3a12bc9d10", "<A object at <address>>"),
        ("No such file: '/tmp/pytest-of-u/pytest-3/x.txt'", "pytest-3", "'<path>'"),
        ('File "/testbed/src/demo.py" is bad', "testbed", '"<path>"'),
        ("made at 2026-11-22 12:34:56.789", "12:34", "made at <time>"),
        ("made at 2026-11-22T12:34:56Z, late", "12:34", "made at <time>, late"),
        ("clock says 09:08:07", "09:08", "clock says <time>"),
        ("time 1764000000.25 is over", "1764000000", "time <time> is over"),
        ("slept for 0.031 seconds", "0.031", "slept for <time>"),
        ("test_secret.<locals>.f() takes 1 argument", "test_secret", "<test>.<locals>.f() takes 1 argument"),
    ],
)
def test_addresses_paths_times_and_tests_are_masked(message, hidden, word):
    """What a machine or a clock invents, and every test's name, is masked; the words around it stay."""
    text = _text(f"ValueError: {message}")
    assert hidden not in text
    assert word in text


@pytest.mark.parametrize("message", ["assert '/users/1' == '/users/2'", "assert 2020 == 2021", "assert 10 == 1.5"])
def test_values_that_no_machine_invents_stay(message):
    """A routed path, a year or a number is the wrong value itself and is not masked."""
    assert message in _text(f"AssertionError: {message}")


def test_no_test_is_named():
    """Neither the function, the class nor the file of a shown test stands in the text, wherever its message says it."""
    shown = [FailingTest("tests/test_a.py::HeapTest::test_pop[1]", "HeapTest.test_pop failed in helper: 3 != 4")]
    text = issue_text("demo", shown)
    assert "HeapTest" not in text
    assert "test_pop" not in text
    assert "test_a" not in text
    assert "3 != 4" in text


def test_equal_reports_are_shown_once_and_order_does_not_matter():
    """Two tests with one report give one block, and the order in which tests are handed over changes nothing."""
    tests = [FailingTest(f"t.py::test_{n}", m) for n, m in (("a", "KeyError: 1"), ("b", "KeyError: 1"), ("c", "E: 2"))]
    text = issue_text("demo", tests)
    assert text.count("KeyError: 1") == 1
    assert text == issue_text("demo", tests[::-1])


def test_long_reports_and_many_reports_are_cut():
    """At most five reports of eight lines are shown, and the text says how many more there are."""
    text = _text(*(f"E{i}\n" + "\n".join(f"line {i} {j}" for j in range(20)) for i in range(7)))
    assert "line 0 6" in text
    assert "line 0 7" not in text
    assert "E5" not in text
    assert "There are 2 more reports" in text


def test_nothing_shown_gives_no_text():
    """Without a public failing test there is nothing to say."""
    assert issue_text("demo", []) == ""


def test_an_empty_message_is_said_so():
    """A test that fails without words still gives a sentence."""
    assert "fails without a message" in _text("")


def test_advice_of_the_test_runner_stays_out():
    """What pytest tells its caller is no part of the bug."""
    assert "-v" not in _text("AssertionError: assert [1] == [2]\n  At index 0 diff: 1 != 2\n  Use -v to get more diff")
