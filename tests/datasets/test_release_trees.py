import pytest

from bugladder.datasets.trees import release_change, without_bookkeeping
from bugladder.records.paths import PathRules
from bugladder.workspace import apply_patch

BEFORE = {
    "lib/core.py": b'"""Doc."""\n\n__version__ = "1.0"\n\n\ndef f(x):\n    return x + 1\n',
    "lib/meta.py": b'version = "1.0"\n# Copyright (c) 2023 Someone\n',
    "lib/old.py": b"gone = True\n",
    "tests/test_core.py": b"def test_f():\n    assert True\n",
    "tests/data/in.txt": b"one\n",
    "setup.py": b"version='1.0'\n",
    "README.md": b"one\n",
}
AFTER = {
    "lib/core.py": BEFORE["lib/core.py"].replace(b"1.0", b"1.1").replace(b"x + 1", b"x + 2"),
    "lib/meta.py": b'version = "1.1"\n# Copyright (c) 2024 Someone\n',
    "lib/new.py": b"new = True\n",
    "tests/test_core.py": b"def test_f():\n    assert f(1) == 3\n",
    "tests/data/in.txt": b"two\n",
    "setup.py": b"version='1.1'\n",
    "README.md": b"two\n",
}


def test_source_and_test_files_part_ways():
    """Sources are the fix, everything below a test folder is the tests, the rest stays as it was."""
    change = release_change(BEFORE, AFTER, ("1.0", "1.1"), PathRules())
    assert sorted(change.source.after) == ["lib/core.py", "lib/new.py", "lib/old.py"]
    assert change.source.after["lib/old.py"] is None
    assert change.source.before["lib/new.py"] is None
    assert sorted(change.tests.after) == ["tests/data/in.txt", "tests/test_core.py"]


def test_version_hunks_stay_out_of_the_fix():
    """A hunk that only raises the version is taken back, the fix in the same file stays."""
    change = release_change(BEFORE, AFTER, ("1.0", "1.1"), PathRules())
    fixed = change.source.after["lib/core.py"]
    assert fixed is not None
    assert b'"1.0"' in fixed
    assert b"x + 2" in fixed


def test_the_patches_lead_from_one_side_to_the_other():
    """Applying the reference patch to the release before gives the change's files, deletions included."""
    change = release_change(BEFORE, AFTER, ("1.0", "1.1"), PathRules())
    assert apply_patch(BEFORE, change.source.patch) == change.source.after
    assert apply_patch(BEFORE, change.tests.patch) == change.tests.after


@pytest.mark.parametrize(
    ("old", "new", "is_kept"),
    [
        (b"__version_info__ = (1, 0)\n", b"__version_info__ = (1, 1)\n", False),
        (b"# Copyright 2023 A\n", b"# Copyright 2024 A\n", False),
        (b'agent = "lib/1.0"\n', b'agent = "lib/1.1"\n', False),
        (b"x = 1\n\n", b"x = 1\n\n\n", False),
        (b"    version = parse(text)\n", b"    version = parse(text.strip())\n", True),
        (b"limit = 1\n", b"limit = 2\n", True),
        (b'__version__ = "1.0"\nlimit = 1\n', b'__version__ = "1.1"\nlimit = 2\n', True),
    ],
)
def test_only_bookkeeping_is_taken_back(old, new, is_kept):
    """Versions, years and blank lines go; a function's variable called version and anything else is a change."""
    head = b"import os\n"
    kept = without_bookkeeping(head + old, head + new, ("1.0", "1.1"))
    assert kept == head + (new if is_kept else old)
