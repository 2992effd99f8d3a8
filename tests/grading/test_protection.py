"""What of a candidate's patch reaches the graded tree."""

import pytest

from bugladder.grading.protection import Protection, restore_sections
from bugladder.records.paths import PathRules
from bugladder.workspace import make_patch

RULES = PathRules()


def _protection(test_patch="", reference_patch=""):
    return Protection.of(test_patch, reference_patch, RULES)


def test_hunks_on_test_files_are_dropped_and_recorded():
    """A candidate that edits a test, adds a conftest or a file of the test patch changes none of them."""
    before = {"a.py": b"1\n", "tests/test_a.py": b"x\n", "data/spec.txt": b"y\n"}
    after = {"a.py": b"2\n", "tests/test_a.py": b"z\n", "data/spec.txt": b"w\n", "conftest.py": b"c\n"}
    test_patch = make_patch({"data/spec.txt": b"y\n"}, {"data/spec.txt": b"new\n"})
    kept = _protection(test_patch).keep(make_patch(before, after))
    assert set(kept.dropped) == {"tests/test_a.py", "data/spec.txt", "conftest.py"}
    assert kept.patch == make_patch({"a.py": b"1\n"}, {"a.py": b"2\n"})


def test_what_the_reference_touches_is_not_protected():
    """A fix that must change a file with a test's name may do so."""
    reference = make_patch({"pkg/testing/tools.py": b"1\n"}, {"pkg/testing/tools.py": b"2\n"})
    assert _protection(reference_patch=reference).keep(reference).dropped == ()


def test_a_line_that_looks_like_a_header_ends_no_hunk():
    """Removed lines that begin with '-- ' are content, so a test file cannot ride along inside another file's part."""
    before = {"a.sql": b"-- a/tests/test_a.py\n-- b\nkeep\n"}
    after = {"a.sql": b"++ b/tests/test_a.py\nkeep\n"}
    kept = _protection().keep(make_patch(before, after))
    assert kept.dropped == ()
    assert kept.patch == make_patch(before, after)


@pytest.mark.parametrize(
    "patch",
    [
        '--- /dev/null\n+++ "b/\\143onftest.py"\n@@ -0,0 +1 @@\n+x\n',
        "--- /dev/null\n+++ other/conftest.py\t2026-01-01\n@@ -0,0 +1 @@\n+x\n",
        "diff --git x/conftest.py y/conftest.py\nnew file mode 100644\nindex 0..1\nGIT binary patch\nliteral 0\n",
        'diff --git "a/\\143onftest.py" "b/\\143onftest.py"\nold mode 100644\nnew mode 100755\n',
        'diff --git a/conftest.py "b/\\143onftest.py"\nold mode 100644\nnew mode 100755\n',
    ],
    ids=["octal", "prefix", "binary with a prefix", "quoted header", "half quoted header"],
)
def test_a_name_is_read_as_git_reads_it(patch):
    """Quotes, escapes and other prefixes than a/ and b/ hide no protected file."""
    assert _protection().keep(patch).dropped == ("conftest.py",)


def test_a_file_behind_a_hunk_is_a_file_of_its_own():
    """A second file without a header line of its own is dropped, and the first one stays."""
    first = make_patch({"a.py": b"1\n"}, {"a.py": b"2\n"})
    kept = _protection().keep(first + "--- /dev/null\n+++ b/conftest.py\n@@ -0,0 +1 @@\n+x\n")
    assert (kept.patch, kept.dropped) == (first, ("conftest.py",))


def test_test_sections_of_mixed_files_come_back():
    """A candidate may change the build's settings but not pytest's, and may not add a pytest section."""
    base = b"[project]\nname = 'x'\n\n[tool.pytest.ini_options]\naddopts = '-q'\n\n[tool.other]\na = [\n 'b',\n]\n"
    present = base.replace(b"'x'", b"'y'").replace(b"'-q'", b"'--deselect all'")
    text = restore_sections({"pyproject.toml": base}, {"pyproject.toml": present})["pyproject.toml"].decode()
    assert "name = 'y'" in text
    assert "addopts = '-q'" in text
    assert "deselect" not in text
    added = restore_sections({"tox.ini": b"[tox]\n"}, {"tox.ini": b"[tox]\n[pytest]\naddopts=-k no\n"})
    assert b"pytest" not in added["tox.ini"]


def test_deleting_a_mixed_file_keeps_its_test_sections():
    """Removing the file that configures the tests does not unconfigure them."""
    base = {"setup.cfg": b"[metadata]\nname=x\n[tool:pytest]\nxfail_strict=true\n"}
    assert restore_sections(base, {"setup.cfg": None}) == {"setup.cfg": b"[tool:pytest]\nxfail_strict=true\n"}
