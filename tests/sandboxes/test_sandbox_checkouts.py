"""A commit of a mirror in the local sandbox: what is seen of it, what each set-up step makes of it, what is refused."""

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sandbox_probes import python, sh
from tiny_mirror import make_mirror

from bugladder.records import BugladderError, Environment, RunnerSpec
from bugladder.records.setup_steps import EditableInstall, ReplaceText, StartUpPatches, WheelFiles
from bugladder.sandboxes.local import LocalSandbox

BACKEND = """
import os, pathlib
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    print("noise on standard output")
    pathlib.Path("tiny/_version.py").write_text("version = %r\\n" % os.environ["PRETENDED"])
    pathlib.Path("tiny.egg-info").mkdir()
    pathlib.Path("tiny.egg-info/PKG-INFO").write_text("Name: tiny\\n")
    place = pathlib.Path(folder, "tiny-1.0.dist-info")
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\\nName: tiny\\nVersion: %s\\n" % os.environ["PRETENDED"])
    return place.name
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """One mirror for all tests: nothing is written to it."""
    return make_mirror(tmp_path_factory.mktemp("mirror"), {"backend.py": BACKEND, "pyproject.toml": PYPROJECT})


@pytest.fixture
def opened(cache, mirror):
    """Open sessions on the buggy commit with set-up steps; all are closed at the end."""
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=())
    sessions = []

    def open_one(*steps, **changes):
        environment = Environment(mirror.source, (), RunnerSpec("pytest", ()), setup=steps)
        sessions.append(sandbox.open(replace(environment, **changes), "checkout"))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.close()


def test_the_tree_is_the_commit_and_nothing_of_the_future_is_there(opened):
    """The files are the base commit's, without any git data; what the mirror holds beyond it is nowhere."""
    session = opened(overlay={"planted.txt": b"planted\n"})
    assert sh(session, "cat tiny/__init__.py planted.txt").stdout == b"def add(a, b):\n    return a - b\nplanted\n"
    assert sh(session, "./run.sh").stdout == b"ran\n"
    places = "/testbed /meta /scratch /home /tmp /env"
    assert sh(session, f"find {places} -name '*.git' -o -name '.git*' -type d").stdout == b""
    assert sh(session, f"grep -rl -e the-future -e refs/heads {places}").stdout == b""


def test_text_is_replaced(opened):
    """A replaced text stands in the tree; a file that is not there stays away."""
    session = opened(ReplaceText("setup.cfg", "old", "new"), ReplaceText("absent.cfg", "a", "b"))
    assert sh(session, "cat setup.cfg; ls absent.cfg").stdout == b"[tool]\nwhat = new\n"


def test_files_of_a_wheel_fill_gaps(opened, cache):
    """What the patterns take is in the folder; what the checkout has already stays."""
    step = seeded_wheel(cache, {"tiny/fast.so": b"compiled", "tiny/__init__.py": b"other", "tiny/left.txt": b"left"})
    session = opened(replace(step, take=("tiny/*.so", "tiny/__init__.py", "tiny/*.pyd")))
    assert sh(session, "cat tiny/fast.so; grep -c 'a - b' tiny/__init__.py; ls tiny/left.txt").stdout == b"compiled1\n"
    with pytest.raises(BugladderError, match=r"holds nothing that matches '\*\.pyd'"):
        opened(replace(step, take=("*.pyd",)))


def test_an_editable_install_makes_metadata_and_what_the_build_writes(opened):
    """The build runs in a session with its variables; its metadata is found, its litter is not laid into the tree."""
    session = opened(EditableInstall((("PRETENDED", "7.8"),)))
    env = (("PYTHONPATH", ":".join(session.pythonpath)),)
    assert python(session, "import importlib.metadata as m; print(m.version('tiny'))", env=env).stdout == b"7.8\n"
    assert sh(session, "cat tiny/_version.py; ls -d tiny.egg-info").stdout == b"version = '7.8'\n"


def test_a_build_that_fails_is_told_with_its_words(opened):
    """The error names the commit and ends with what the build said."""
    with pytest.raises(BugladderError, match=r"tiny/library@.*could not be made by its build \(exit 1\).*PRETENDED"):
        opened(EditableInstall())


def test_start_up_patches_are_there_at_the_start(opened):
    """Old names are back in every interpreter with the path, and trees without positions compile."""
    session = opened(StartUpPatches(("old_names", "ast_positions")))
    env = (("PYTHONPATH", ":".join(session.pythonpath)),)
    old = "import collections, inspect, fractions; print(collections.Mapping, inspect.getargspec, fractions.gcd(4, 6))"
    assert python(session, old).exit_code == 1
    assert python(session, old, env=env).stdout.endswith(b" 2\n")
    bare = "import ast; t = ast.Module([ast.Expr(ast.Constant(1))], []); compile(t, 'x', 'exec'); print('compiled')"
    assert python(session, bare).exit_code == 1
    assert python(session, bare, env=env).stdout == b"compiled\n"


def test_ends_before_starts_compile(opened):
    """Trees of older tools say where a node starts and leave its end to the parent's: both kinds are mended."""
    session = opened(StartUpPatches(("ast_positions",)))
    text = (
        "import ast; t = ast.parse('x = 1\\ny = 2'); n = t.body[1]; n.lineno, n.end_lineno = 2, 1;"
        " n.value.col_offset, n.value.end_col_offset = 4, 0; compile(t, 'x', 'exec'); print('compiled')"
    )
    assert python(session, text).exit_code == 1
    assert python(session, text, env=(("PYTHONPATH", ":".join(session.pythonpath)),)).stdout == b"compiled\n"


def test_a_checkout_is_made_once_per_commit_and_steps(opened, cache):
    """The same environment finds the same packed tree; other steps have another."""
    opened()
    before = {p: p.stat().st_mtime_ns for p in cache.glob("checkouts/*/*/tree.pack")}
    opened()
    assert {p: p.stat().st_mtime_ns for p in cache.glob("checkouts/*/*/tree.pack")} == before
    opened(ReplaceText("setup.cfg", "what", "which"))
    assert len(list(cache.glob("checkouts/*/*/tree.pack"))) == len(before) + 1


def test_obstacles_are_told_without_trying(cache, mirror, tmp_path):
    """Nothing speaks against what opens; an absent mirror or commit, another Python and a known obstacle do."""
    sandbox = LocalSandbox(cache=str(tmp_path))
    environment = Environment(mirror.source, (), RunnerSpec("pytest", ()))
    assert sandbox.obstacle(environment) == ""
    assert "no mirror" in sandbox.obstacle(replace(environment, source=replace(mirror.source, mirrors=str(tmp_path))))
    assert "lacks this commit" in sandbox.obstacle(replace(environment, source=replace(mirror.source, commit="1" * 40)))
    assert "needs Python 3.6" in sandbox.obstacle(replace(environment, python="3.6"))
    assert "no near wheel" in sandbox.obstacle(replace(environment, obstacle="no near wheel"))
    assert list(Path(tmp_path).iterdir()) == []


def seeded_wheel(cache, files):
    """A wheel in the cache as if it had been fetched."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    place = cache / "wheels" / digest / "near-1.0-py3-none-any.whl"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(buffer.getvalue())
    return WheelFiles("near", "1.0", place.name, digest, ("*",))
