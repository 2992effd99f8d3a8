"""Cutting hidden units out of test files, and finding the units."""

import ast

import pytest

from bugladder.records import Outcome, TestResult
from bugladder.records.paths import PathRules
from bugladder.scoring.cut import cut
from bugladder.scoring.units import UnitFinder

FILE = b'''import pytest

X = 1  # kept


# tells the secret
@pytest.mark.parametrize("a", [
    1,
])
def test_hidden(a):
    """Doc."""
    assert a


class TestOne:
    def test_only(self):
        pass


class TestTwo:
    attribute = 2

    def test_a(self):
        pass

    async def test_b(self):
        pass


if X:
    def test_guarded():
        pass
'''


def _cut(*names):
    return cut({"tests/test_x.py": FILE}, [f"tests/test_x.py::{n}" for n in names])["tests/test_x.py"].decode()


def test_a_definition_goes_with_its_decorators_and_its_comment():
    """Nothing of the hidden unit is left, and everything else keeps its bytes."""
    text = _cut("test_hidden")
    assert "secret" not in text
    assert "parametrize" not in text
    assert text == FILE.decode().replace(FILE.decode()[FILE.index(b"# tells") : FILE.index(b"\n\nclass TestOne")], "")


@pytest.mark.parametrize("name", ["TestOne.test_only", "test_guarded"])
def test_a_suite_that_loses_its_last_statement_gets_a_pass(name):
    """The cut file still parses."""
    text = _cut(name)
    ast.parse(text)
    assert f"def {name.rpartition('.')[2]}" not in text


def test_several_units_of_one_file_go_together():
    """Cutting two methods leaves the class's other statements."""
    text = _cut("TestTwo.test_a", "TestTwo.test_b", "test_hidden")
    ast.parse(text)
    assert "attribute = 2" in text
    assert "test_a" not in text
    assert "test_b" not in text


def test_a_unit_without_definition_takes_its_file():
    """A data file that is a hidden unit is removed."""
    assert cut({"tests/spec.txt": b"x"}, ["tests/spec.txt"]) == {"tests/spec.txt": None}


def test_what_is_not_there_changes_nothing():
    """A unit that a file does not define leaves the file out of the result."""
    assert cut({"tests/test_x.py": FILE}, ["tests/test_x.py::test_absent"]) == {}


def _result(test_id, definition):
    return TestResult(test_id, Outcome.PASSED, "", definition, 0.0)


@pytest.mark.parametrize(
    ("test_id", "definition", "unit"),
    [
        ("tests/test_x.py::test_hidden[1]", "tests/test_x.py::test_hidden", "tests/test_x.py::test_hidden"),
        ("tests/test_y.py::TestSub::test_a", "tests/test_x.py::TestTwo.test_a", "tests/test_x.py::TestTwo.test_a"),
        ("tests/test_x.py::TestTwo::test_a", "tests/test_x.py::wrap.<locals>.inner", "tests/test_x.py::TestTwo.test_a"),
        ("tests/test_x.py::TestTwo::test_made", "tests/test_x.py::make.<locals>.run", "tests/test_x.py"),
        ("tests/spec.txt::case 1", "", "tests/spec.txt"),
        ("src/pkg/a.py::pkg.a.f", "src/pkg/a.py::pkg.a.f", "src/pkg/a.py::pkg.a.f"),
    ],
)
def test_the_unit_is_the_definition_that_holds_the_code(test_id, definition, unit):
    """Inherited tests belong to the base class's file, wrapped ones to their name, generated ones to their file."""
    finder = UnitFinder({"tests/test_x.py": FILE}, PathRules())
    assert finder.unit(_result(test_id, definition)) == unit
    assert finder.is_source(unit) == unit.startswith("src/")
