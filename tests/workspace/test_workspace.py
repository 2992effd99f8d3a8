import pytest
from tiny_bug import BUGGY, FIXED, NEW_TESTS, OLD_TESTS, PINS, seed_sdist

from bugladder.records import Environment, InfrastructureError, Outcome, RunnerSpec
from bugladder.workspace import make_patch

ODD = {
    "-rf": b"an option\n",
    "--files-from=x": b"another\n",
    "my folder/a b.py": b"x = 1\n",
    "t\u00e9st/\u00fc.py": b"y = 1\n",
    "a\nb": b"two lines of a name\n",
    "data.bin": bytes(range(256)) * 40,
    "empty": b"",
    "deep/" * 20 + "x": b"deep\n",
}


@pytest.fixture
def workspace(tiny_world):
    """An open workspace on the tiny library, in the real sandbox."""
    files = {"tiny.py": BUGGY, "tests/test_tiny.py": OLD_TESTS, "README.md": b"tiny\n"}
    environment = Environment(
        seed_sdist(tiny_world.cache, "tiny", "1.0", files), PINS, RunnerSpec("pytest", ("tests",))
    )
    with tiny_world.open_workspace(environment, {"tests/test_tiny.py": NEW_TESTS}) as opened:
        yield opened


def test_what_is_written_is_read(workspace):
    """Whole files of any name and content come back to the byte; None deletes files and folders, also absent ones."""
    workspace.write(ODD)
    assert workspace.read(ODD) == ODD
    assert {p: c for p, c in workspace.tree().items() if p in ODD} == ODD
    workspace.write({**dict.fromkeys(ODD), "deep": None, "never there": None})
    assert workspace.read(ODD) == dict.fromkeys(ODD)
    assert sorted(workspace.tree()) == ["PKG-INFO", "README.md", "tests/test_tiny.py", "tiny.py"]


def test_the_overlay_is_in_the_tree(workspace):
    """What the workspace was opened with lies over the release."""
    assert workspace.read(["tests/test_tiny.py", "tiny.py"]) == {"tests/test_tiny.py": NEW_TESTS, "tiny.py": BUGGY}


def test_only_regular_files_are_exported(workspace):
    """Links, pipes, .git and bytecode are no part of the tree, and reading one gives None, never what it names."""
    script = "ln -s /etc/passwd link; ln -s / root; ln -s tiny.py inside; mkfifo pipe; mkdir -p .git sub/__pycache__; "
    script += "echo x > .git/config; echo x > sub/__pycache__/a.pyc; ln tiny.py hard; python -c 'import tiny'"
    assert workspace.run("sh", "-c", script).exit_code == 0
    assert sorted(workspace.tree()) == ["PKG-INFO", "README.md", "hard", "tests/test_tiny.py", "tiny.py"]
    odd = ["link", "root", "inside", "pipe", "tests", "absent"]
    assert workspace.read([*odd, "tiny.py"]) == {**dict.fromkeys(odd), "tiny.py": BUGGY}


def test_reading_stays_in_the_repository(workspace):
    """A path that a link leads out of the tree gives nothing of what lies there."""
    assert workspace.run("sh", "-c", "ln -s /etc out").exit_code == 0
    assert workspace.read(["out/passwd", "../../etc/passwd", "/etc/passwd"]) == dict.fromkeys(
        ["out/passwd", "../../etc/passwd", "/etc/passwd"]
    )


def test_the_diff_is_what_changed(workspace):
    """The diff leads from the remembered tree to the present one, and nothing changed is the empty text."""
    with pytest.raises(InfrastructureError, match="before remember"):
        workspace.diff()
    workspace.remember()
    assert workspace.diff() == ""
    workspace.write({"tiny.py": FIXED, "new.py": b"x\n", "README.md": None})
    after = {"tiny.py": FIXED, "new.py": b"x\n"}
    assert workspace.diff() == make_patch({"tiny.py": BUGGY, "README.md": b"tiny\n"}, after)


def test_a_patch_applies_whole_or_not_at_all(workspace):
    """A patch that fits is applied; where one hunk does not fit nothing is changed, and git's words are the reason."""
    good = make_patch({"tiny.py": BUGGY}, {"tiny.py": FIXED})
    bad = make_patch({"README.md": b"other\n"}, {"README.md": b"x\n"})
    refused = workspace.apply(good + bad)
    assert not refused.applied
    assert "README.md" in refused.reason
    assert workspace.read(["tiny.py"]) == {"tiny.py": BUGGY}
    assert workspace.apply(good).applied
    assert workspace.read(["tiny.py"]) == {"tiny.py": FIXED}


def test_all_tests_run_and_chosen_ones(workspace):
    """Without ids all that the paths collect is run; with ids exactly those, and an id that is not there is missing."""
    outcomes = workspace.test().outcomes()
    assert len(outcomes) == 10
    assert outcomes["tests/test_tiny.py::test_double"] is Outcome.PASSED
    assert outcomes["tests/test_tiny.py::test_add"] is Outcome.FAILED
    wanted = ["tests/test_tiny.py::test_add_many[4]", "tests/test_tiny.py::test_gone", "tests/test_tiny.py::TestAdd"]
    assert workspace.test(wanted).outcomes() == {wanted[0]: Outcome.FAILED}
    assert workspace.test([]).outcomes() == {}


def test_own_paths_run_instead_of_the_suite(workspace):
    """Other paths than the suite's are run alone, whatever they are named."""
    workspace.write({"-x test_own.py": b"def test_it():\n    assert True\n"})
    report = workspace.test(paths=("./-x test_own.py",))
    assert list(report.outcomes().values()) == [Outcome.PASSED]
    assert report.is_complete


def test_a_run_leaves_no_trace_in_the_tree(workspace):
    """Neither the plugin nor its report nor a cache stands in the repository after a test run."""
    before = workspace.tree()
    workspace.test()
    assert workspace.tree() == before


def test_a_command_sees_its_input_and_its_variables(workspace):
    """A command runs at the repository's root with the given input and variables."""
    found = workspace.run("sh", "-c", 'cat; echo "$WORD"; ls', stdin=b"in\n", WORD="out")
    assert found.stdout.split()[:3] == [b"in", b"out", b"PKG-INFO"]


_LARGE = "for n in 1 2 3 4 5; do head -c 60M /dev/zero > big$n; done; head -c 90 /dev/zero > last"


def test_a_tree_too_large_is_an_error(workspace):
    """A tree beyond what an export may hold is an error in words, never a part of the tree."""
    assert workspace.run("sh", "-c", _LARGE).exit_code == 0
    with pytest.raises(InfrastructureError, match="too large or too slow"):
        workspace.tree()
    assert workspace.read(["last"]) == {"last": bytes(90)}


def test_a_file_in_the_way_is_an_error(workspace):
    """Where a file stands in place of a folder, writing says so and does not guess."""
    with pytest.raises(InfrastructureError, match="tar"):
        workspace.write({"README.md/x": b"x"})
