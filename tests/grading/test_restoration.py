"""What a tree holds after its tests were put back, whatever a patch did to it."""

import pytest
from tiny_bug import BUGGY, NEW_TESTS, OLD_TESTS

from bugladder.grading.protection import Protection
from bugladder.grading.restoration import Restoration
from bugladder.records.paths import PathRules
from bugladder.workspace import TreeRefusedError

_MORE = {"tests/data/words.txt": b"words\n", "setup.cfg": b"[metadata]\nname = tiny\n[tool:pytest]\naddopts =\n"}
_BASE = {"tiny.py": BUGGY, "tests/test_tiny.py": OLD_TESTS, "README.md": b"tiny\n", **_MORE}
_TESTS = {"tests/test_tiny.py": NEW_TESTS, "tests/test_old.py": None}


@pytest.fixture
def restored(make_instance, tiny_world):
    """Let a shell command spoil the tree, put the tests back; gives what was out of place and the tree."""

    def run(shell):
        restoration = Restoration(Protection(PathRules(), frozenset(_TESTS), frozenset()), _BASE, _TESTS)
        with tiny_world.open_workspace(make_instance(more=_MORE).environment, {}) as workspace:
            done = workspace.run("sh", "-ec", shell)
            assert done.exit_code == 0, done.stderr
            found = restoration.patched(workspace)
            links = workspace.run("find", ".", "-type", "l").stdout
            return found, {p: c for p, c in workspace.tree().items() if p != "PKG-INFO"}, links

    return run


@pytest.mark.parametrize(
    ("shell", "found"),
    [
        ("true", ()),
        ("echo x > conftest.py; mkdir -p pkg/tests; echo x > pkg/tests/a.txt", ("conftest.py", "pkg/tests/a.txt")),
        ("mkdir f-1.dist-info; echo x > f-1.dist-info/entry_points.txt", ("f-1.dist-info/entry_points.txt",)),
        ("ln -s tiny.py conftest.py; ln -s /usr linked", ("conftest.py", "linked")),
        ("rm -r tests; echo x > tests", ()),
        ("rm tests/test_tiny.py; mkdir tests/test_tiny.py; echo x > tests/test_tiny.py/a", ("tests/test_tiny.py/a",)),
        ("echo x > tests/test_old.py; echo x > tests/data/words.txt", ("tests/test_old.py",)),
        ("mv tests kept; ln -s kept tests; rm -r kept/data", ("kept/test_tiny.py", "tests")),
        ("printf '[tool:pytest]\\naddopts = -p forged\\n[metadata]\\nname = tiny\\n' > setup.cfg", ()),
    ],
    ids=["nothing", "new files", "entry point", "links", "file for folder", "folder for file", "other content",
         "link for folder", "test section"],
)  # fmt: skip
def test_every_protected_file_is_as_the_grader_wants_it(restored, shell, found):
    """New protected files and links go by name, changed and missing ones come back, whatever stands in their place."""
    out_of_place, tree, links = restored(shell)
    assert out_of_place == found
    assert links == b""
    assert tree["tests/test_tiny.py"] == NEW_TESTS
    assert tree["tests/data/words.txt"] == _MORE["tests/data/words.txt"]
    assert b"forged" not in tree["setup.cfg"]
    assert [p for p in tree if p not in _BASE] == []


def test_code_stays_as_the_patch_left_it(restored):
    """What is not protected is the candidate's: its code, its new files, its other settings."""
    _, tree, _ = restored("echo 'x = 1' > tiny.py; mkdir pkg; echo y > pkg/new.py; sed -i s/=.tiny/=other/ setup.cfg")
    del tree["pkg/new.py"]
    assert tree["tiny.py"] == b"x = 1\n"
    assert b"name =other" in tree["setup.cfg"]


def test_a_full_disk_is_refused(restored):
    """A tree that leaves no room for its tests is refused, which the grader counts as the patch's failure."""
    with pytest.raises(TreeRefusedError):
        restored("for n in 1 2 3 4 5 6 7 8 9; do head -c 63M /dev/zero > fill$n || true; done; echo full")
