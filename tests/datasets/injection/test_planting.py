import ast
import inspect
import shlex

import libcst
import pytest

from bugladder.datasets.injection import OPERATORS, Site, plant, planting, sites
from bugladder.datasets.injection.leaks import leaked_line, restored_lines
from bugladder.records import BugladderError

SOURCE = b'''"""A module."""
import os

if __name__ == "__main__":
    print(os.name == "x")

LIMIT = 3


class Heap(dict):
    """A class."""

    size: int = 4

    def push(self, item: "str" = "x"):
        """Add one."""
        if len(self) > LIMIT and item != "":  # keep this comment
            return self.pop(item, 0)
        return [i for i in range(2) if i][0:1]

    def pop(self, item, count):
        def inner(x):
            return x + 1
        return inner(count)
'''

# A real file that is always there.
REAL = inspect.getsource(shlex).encode()


def test_operators_are_many_unique_and_named_with_a_source():
    """At least forty operators, each with a name of its own and the literature that it comes from."""
    names = [o.name for o in OPERATORS]
    assert len(set(names)) == len(names) >= 40
    assert all(any(year in o.source for year in map(str, range(1989, 2026))) for o in OPERATORS)


def test_sites_are_named_by_function_and_counted_in_the_file():
    """A site names the innermost function or class and counts on through the file."""
    assert sites(SOURCE, "return_none") == [
        Site("Heap.push", 0),
        Site("Heap.push", 1),
        Site("Heap.pop.inner", 2),
        Site("Heap.pop", 3),
    ]


@pytest.mark.parametrize("operator", [o.name for o in OPERATORS])
def test_docstrings_annotations_and_main_blocks_are_left_alone(operator):
    """No edit touches a docstring, an annotation, an import, a main block or a comment."""
    for site in sites(SOURCE, operator):
        edited = plant(SOURCE, operator, site).decode()
        for kept in ('"""A module."""', "import os", 'print(os.name == "x")', "LIMIT = 3"):
            assert kept in edited
        if "push" in edited and operator != "method_removal":
            assert 'item: "str"' in edited or operator == "parameter_swap"
            assert '"""Add one."""' in edited


@pytest.mark.parametrize("operator", [o.name for o in OPERATORS])
def test_edits_of_a_real_file_replay_and_differ(operator):
    """Planting twice gives equal bytes, that compile and differ from the source in meaning or layout."""
    offered = sites(REAL, operator)
    assert offered == sites(REAL, operator)
    chosen = offered[:: max(1, len(offered) // 2)][:2]
    first = [plant(REAL, operator, site) for site in chosen]
    planting._tree.cache_clear()
    planting._spots.cache_clear()
    assert [plant(REAL, operator, site) for site in chosen] == first
    assert REAL not in first
    for edited in first:
        ast.parse(edited)


def test_text_outside_the_edit_stays_byte_for_byte():
    """An edit of one line leaves every other line as it is, also Latin-1 bytes and CRLF line ends."""
    source = "# -*- coding: latin-1 -*-\r\nNAME = 'é'\r\ndef f(a):\r\n    return a < 1\r\n".encode("latin-1")
    assert plant(source, "comparison_boundary", Site("f", 0)) == source.replace(b"<", b"<=")


@pytest.mark.parametrize("site", [Site("Heap.push", 9), Site("Heap.pop", 0)])
def test_a_site_that_yields_nothing_is_an_error_with_operator_and_site(site):
    """Where the index is beyond the file's sites or lies in another function, the error names operator and site."""
    with pytest.raises(BugladderError, match=rf"return_none.*{site.function}#{site.index}"):
        plant(SOURCE, "return_none", site)


def test_an_unknown_operator_is_an_error_that_lists_the_known_ones():
    """A misspelt operator is named together with those that there are."""
    with pytest.raises(BugladderError, match=r"'return_nine' is unknown; known: .*return_none"):
        sites(SOURCE, "return_nine")


def test_source_that_does_not_parse_is_an_error():
    """Broken source gives one line, not a parser's traceback."""
    with pytest.raises(BugladderError, match="does not parse") as caught:
        sites(b"def f(:\n", "return_none")
    assert "\n" not in str(caught.value)


def test_an_edit_that_does_not_compile_is_refused():
    """An edit that leaves `return` outside of a function or the like is an error, not an entry."""
    source = b"def f(a):\n    for x in a:\n        x()\n    else:\n        a()\n"
    tree = libcst.parse_module(source)
    old = tree.body[0].body.body[0]
    with pytest.raises(BugladderError, match="here does not yield valid Python"):
        planting._edited(tree, old, libcst.SimpleStatementLine([libcst.Break()]), "here")


def test_restored_lines_are_what_the_original_has_and_the_edit_lacks():
    """Restored lines are those that the reference patch adds, without indentation."""
    assert restored_lines("a\n    b = 1\nc\n", "a\nc\nd\n") == ["b = 1"]


@pytest.mark.parametrize(
    ("original", "edited", "others", "leaked"),
    [
        ("x = compute_something(first, second)\n", "x = 1\n", ["# x = compute_something(first, second)"], True),
        ("x = compute_something(first, second)\n", "x = 1\n", ["x = compute_something(first)"], False),
        ("x = 1\n", "x = 2\n", ["x = 1"], False),
        ("  y = compute_something(first, second)\n", "    y = compute_something(first, second)\n", [], True),
    ],
)
def test_a_long_restored_line_that_stands_elsewhere_is_a_leak(original, edited, others, leaked):
    """A restored line of more than 30 characters is a leak where the edited or another text holds it."""
    assert (leaked_line(original, edited, others) is not None) is leaked
