from __future__ import annotations

import pytest
from proposals import proposal

from bugladder.solvers.debugging.gates import GateLimits, check


def findings(path, kind, before=None, public=()):
    """What G6 finds where one file changes."""
    return check(proposal({path: before}, {path: "x = 2\n"}, kind, public), GateLimits(), ("G6",))


@pytest.mark.parametrize(
    "path",
    ["tests/test_a.py", "pkg/tests/data/a.json", "test_a.py", "a_test.py", "conftest.py", "sitecustomize.py", "x.pth"],
)
def test_a_code_patch_stays_out_of_the_tests(path):
    """Test files, data beside them and files that steer a run are blocked by name, whether new or old."""
    for before in (None, "x = 1\n"):
        (finding,) = findings(path, "code", before)
        assert finding.severity == "block"
        assert finding.sentence.startswith(path)


def test_the_public_test_files_of_a_task_are_tests_whatever_their_names():
    """A file that the task calls a test is protected where the path rules do not know it."""
    assert findings("checks/all.py", "code", "x = 1\n") == ()
    assert findings("checks/all.py", "code", "x = 1\n", public=["checks/all.py"])


@pytest.mark.parametrize("path", ["src/pkg/m.py", "docs/a.rst", "setup.py", "pyproject.toml", "src/pkg/latest.py"])
def test_code_may_change_everywhere_else(path):
    """Sources, documents and settings are open to a fix."""
    assert findings(path, "code", "x = 1\n") == ()


def test_own_tests_stand_in_new_test_files():
    """A new test file and data beside it pass; an existing or public file, a source and a steering file do not."""
    assert findings("tests/test_new.py", "tests") == ()
    assert findings("tests/data/new.json", "tests") == ()
    assert "exists already" in findings("tests/test_old.py", "tests", "x = 1\n")[0].sentence
    assert "exists already" in findings("tests/test_a.py", "tests", public=["tests/test_a.py"])[0].sentence
    assert "no test file" in findings("reproduce.py", "tests")[0].sentence
    assert "steers" in findings("tests/conftest.py", "tests")[0].sentence
    assert "steers" in findings("sitecustomize.py", "tests")[0].sentence
