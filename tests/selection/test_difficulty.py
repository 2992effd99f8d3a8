from bugladder.records import Difficulty
from bugladder.selection import (
    ApparentThresholds,
    DifficultyThresholds,
    SemanticChange,
    apparent_difficulty,
    difficulty,
    semantic_change,
)

BEFORE = b'''
def f(a: int, b: str = "x") -> int:
    """Says one thing."""
    # a comment
    c: int = a + 1
    return c
'''
SAME_MEANING = b'''
def f(a, b="x"):
    """Says another thing."""
    c = a + 1
    return c  # another comment
'''


def test_docstrings_comments_and_annotations_are_no_change():
    """Only what the interpreter does counts as a semantic change."""
    assert semantic_change({"f.py": BEFORE}, {"f.py": SAME_MEANING}) == SemanticChange(0, 0, 0)


def test_changed_lines_hunks_and_files_are_counted():
    """A line that becomes another is two changed lines in one hunk of one file; a new file counts whole."""
    after = {"f.py": SAME_MEANING.replace(b"a + 1", b"a - 1"), "g.py": b"x = 1\ny = 2\n"}
    assert semantic_change({"f.py": BEFORE, "g.py": None}, after) == SemanticChange(4, 2, 2)


def test_a_file_that_does_not_parse_is_compared_as_text():
    """Broken syntax is compared line by line instead of failing."""
    assert semantic_change({"f.py": b"def f(:\n"}, {"f.py": b"def g(:\n"}) == SemanticChange(2, 1, 1)


def test_a_body_of_nothing_but_a_docstring_still_compares():
    """A function whose body is a docstring or a bare annotation equals one that passes."""
    change = semantic_change({"f.py": b'def f():\n    "doc"\n'}, {"f.py": b"def f():\n    x: int\n"})
    assert change == SemanticChange(0, 0, 0)


def test_each_bound_of_a_level_holds_by_itself():
    """Lines, hunks and files each lift an instance to the next level; beyond hard is very hard."""
    bounds = DifficultyThresholds(easy=(4, 2, 1), medium=(16, 6, 2), hard=(48, 16, 4))
    assert difficulty(SemanticChange(4, 2, 1), bounds) is Difficulty.EASY
    assert difficulty(SemanticChange(5, 2, 1), bounds) is Difficulty.MEDIUM
    assert difficulty(SemanticChange(4, 3, 1), bounds) is Difficulty.MEDIUM
    assert difficulty(SemanticChange(4, 2, 3), bounds) is Difficulty.HARD
    assert difficulty(SemanticChange(49, 2, 1), bounds) is Difficulty.VERY_HARD


def test_a_task_looks_harder_by_each_thing_that_hides_its_bug():
    """A terse issue, none or many public failing units, and a large repository each add a level."""
    bounds = ApparentThresholds(terse_characters=50, many_failing_units=5, large_repository_lines=1000)
    long = "The parser drops the last token of a line that ends in a backslash."
    assert apparent_difficulty(long, 1, 10, bounds) is Difficulty.EASY
    assert apparent_difficulty("It fails.", 1, 10, bounds) is Difficulty.MEDIUM
    assert apparent_difficulty("ValueError: 3", 1, 10, bounds) is Difficulty.EASY
    assert apparent_difficulty(long, 0, 10, bounds) is Difficulty.MEDIUM
    assert apparent_difficulty(long, 5, 1000, bounds) is Difficulty.HARD
    assert apparent_difficulty("It fails.", 0, 1000, bounds) is Difficulty.VERY_HARD
