import pytest
from swe_bench_rows import PATCH, real_file

from bugladder.datasets.swe_bench.files import read_file
from bugladder.datasets.swe_bench.patch_size import change_of, changed_lines
from bugladder.selection import SemanticChange

TWO_FILES = (
    PATCH
    + """diff --git a/b.py b/b.py
--- a/b.py
+++ b/b.py
@@ -1,5 +1,4 @@
-x = 1
+x = 2
 y = 3
-# gone
 z = 4
-
+w = 5
@@ -20,2 +19,3 @@ def f():
 a = 1
+b = 2
 c = 3
"""
)
ONLY_COMMENTS = """--- a/b.py
+++ b/b.py
@@ -1,2 +1,2 @@
-# old
+# new
 x = 1
"""


def test_comments_and_blank_lines_are_no_change():
    """A comment beside a changed line does not count; a place of nothing but comments is none, and neither its file."""
    assert change_of(PATCH) == SemanticChange(lines=2, hunks=1, files=1)
    assert change_of(ONLY_COMMENTS) == SemanticChange(0, 0, 0)


def test_lines_places_and_files_are_counted():
    """A place is a run of changed lines: two in one hunk are two."""
    assert change_of(TWO_FILES) == SemanticChange(lines=6, hunks=4, files=2)


@pytest.mark.parametrize(("patch", "lines"), [(PATCH, 3), (TWO_FILES, 9), (ONLY_COMMENTS, 2), ("", 0)])
def test_changed_lines_are_all_of_them(patch, lines):
    """Removed and added lines, comments too, headers not."""
    assert changed_lines(patch) == lines


def test_a_line_that_looks_like_a_header_counts():
    """A removed line that begins with two dashes is content."""
    patch = "--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,2 @@\n--- old words\n+++ new words\n x\n"
    assert changed_lines(patch) == 2


def test_the_real_lite_touches_one_file_each():
    """Every reference patch of Lite touches exactly one file."""
    changes = [change_of(r.patch) for r in read_file(real_file("test")).rows]
    assert {c.files for c in changes} == {1}
    assert max(c.lines for c in changes) <= 76
