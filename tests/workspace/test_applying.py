import shutil
from dataclasses import replace

import pytest
from tiny_bug import BUGGY, FIXED, OLD_TESTS, PINS, seed_sdist

from bugladder.records import Environment, InfrastructureError, RunnerSpec
from bugladder.workspace import AppliedBy, Workspace, apply_published, make_patch

needs_patch = pytest.mark.skipif(shutil.which("patch") is None, reason="patch(1) is not installed")

RIGHT = make_patch({"tiny.py": BUGGY}, {"tiny.py": FIXED})
README = b"".join(b"line %d\n" % n for n in range(1, 31))
EDITED = README.replace(b"line 10\n", b"line ten\n").replace(b"line 20\n", b"line twenty\n")
TWO_HUNKS = make_patch({"README.md": README}, {"README.md": EDITED})


def odd_context(patch, line, other):
    """The patch with another line of context at the edge of a hunk."""
    assert patch.count(f" {line}\n") == 1
    return patch.replace(f" {line}\n", f" {other}\n")


@pytest.fixture
def workspace(tiny_world):
    """An open workspace on the tiny library, in the real sandbox."""
    files = {"tiny.py": BUGGY, "tests/test_tiny.py": OLD_TESTS, "README.md": README}
    source = seed_sdist(tiny_world.cache, "tiny", "1.0", files)
    with tiny_world.open_workspace(Environment(source, PINS, RunnerSpec("pytest", ("tests",))), {}) as opened:
        yield opened


def test_git_goes_first(workspace):
    """What git takes is applied by git."""
    assert apply_published(workspace, RIGHT).by is AppliedBy.GIT
    assert workspace.read(["tiny.py"]) == {"tiny.py": FIXED}


@needs_patch
@pytest.mark.parametrize(
    ("patch", "path", "after"),
    [
        (RIGHT.replace("\n", "\r\n"), "tiny.py", FIXED),
        (RIGHT.rstrip("\n"), "tiny.py", FIXED),
        (odd_context(TWO_HUNKS, "line 23", "line x"), "README.md", EDITED),
        (odd_context(TWO_HUNKS, "line 7", "line x"), "README.md", EDITED),
    ],
    ids=["CRLF", "no newline at the end", "odd context below", "odd context above"],
)
def test_patch_takes_what_git_refuses(workspace, patch, path, after):
    """Other line ends, a cut last line and odd context at a hunk's edge are passed over, and nothing else is left."""
    names = sorted(workspace.tree())
    assert not workspace.apply(patch).applied
    assert apply_published(workspace, patch).by is AppliedBy.PATCH
    assert workspace.read([path]) == {path: after}
    assert sorted(workspace.tree()) == names


@needs_patch
def test_a_part_that_git_would_take_is_not_taken_back(workspace):
    """Where one file needs fuzz and another does not, both are changed."""
    assert apply_published(workspace, RIGHT + odd_context(TWO_HUNKS, "line 23", "line x")).by is AppliedBy.PATCH
    assert workspace.read(["tiny.py", "README.md"]) == {"tiny.py": FIXED, "README.md": EDITED}


@needs_patch
@pytest.mark.parametrize(
    "patch",
    [
        make_patch({"tiny.py": FIXED}, {"tiny.py": BUGGY}),
        RIGHT.replace("return a - b", "return a % b"),
        RIGHT.replace("@@ -", "@@ "),
        RIGHT.replace("@@ -", "@@ ") + odd_context(TWO_HUNKS, "line 23", "line x"),
        make_patch({"README.md": b"\0\1"}, {"README.md": b"\0\2"}),
        "no diff at all\n",
    ],
    ids=[
        "turned around",
        "other code",
        "broken header",
        "broken header and another file",
        "binary hunk on another file",
        "prose",
    ],
)
def test_what_neither_takes_is_not_applied(workspace, patch):
    """A patch that fits nowhere is refused in git's words; one that was made the wrong way is not turned around."""
    refused = apply_published(workspace, patch)
    assert refused.by is None
    assert refused.reason
    assert workspace.read(["tiny.py"]) == {"tiny.py": BUGGY}


class WithoutPatch:
    """A real session in which one program has another name than the one it is called by."""

    def __init__(self, session):
        self.session = session

    def __getattr__(self, name):
        return getattr(self.session, name)

    def run(self, command):
        """Run a command; patch is not found."""
        argv = ("patch-has-another-name", *command.argv[1:]) if command.argv[0] == "patch" else command.argv
        return self.session.run(replace(command, argv=argv))


def test_a_machine_without_patch_is_no_failure_of_the_patch(workspace):
    """Where git refuses and there is no patch(1), the machine lacks something; what git takes is still applied."""
    bare = Workspace(WithoutPatch(workspace.session), workspace.runner, workspace.spec, 60.0)
    with pytest.raises(InfrastructureError, match=r"no patch\(1\).*install it"):
        apply_published(bare, RIGHT.rstrip("\n"))
    assert apply_published(bare, RIGHT).by is AppliedBy.GIT
