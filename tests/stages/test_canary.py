"""No answer reaches a solver: planted tokens are searched for in all that it can see, and a planted leak is found."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pyarrow as pa
import pytest
import yaml
from canary import of_table, search
from planting import PARTS, new_token, plant
from spies.spy_solver import look
from tiny_bug import BUGGY, OLD_TESTS, PINS, PROJECT, seed_sdist

from bugladder.records import Answer, Difficulty, Environment, RunnerSpec, Task, tables
from bugladder.records.rows import task_row
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.environments import provision
from bugladder.sandboxes.local import LocalSandbox
from bugladder.workspace import Bench, Deadline


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A project with one bug whose every test and whose reference patch hold tokens, climbed with the spy as solver."""
    found = plant(tmp_path_factory.mktemp("planted"))
    _lay_spy(found.root)
    _climb_with_the_spy(found.root)
    return found


def _lay_spy(root):
    """Add the spy as CONTRIBUTING says to add a solver: a file and a YAML, in a copy of the source."""
    (root / "src").unlink()
    shutil.copytree(PROJECT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "tests" / "spies" / "spy_solver.py", root / "src" / "bugladder" / "solvers" / "spy_solver.py")
    node = {"_target_": "bugladder.solvers.spy_solver.SpySolver", "name": "spy"}
    (root / "conf" / "solver" / "spy.yaml").write_text(yaml.safe_dump(node), encoding="utf-8")
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    (root / "params.yaml").write_text(yaml.safe_dump({**params, "solver": "spy"}), encoding="utf-8")


def _climb_with_the_spy(root):
    code = "from stages import resolve, run; resolve.main(['baseline']); run.main(['baseline', 'conf/gate/start.yaml'])"
    path = f"{root / 'src'}:{root}:{PROJECT / 'tests'}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _seen(folder):
    """All that the run stage read and wrote, the spy's findings among it."""
    names = ("tasks", "attempts", "candidates", "calls")
    places = {k: v for name in names for k, v in of_table(folder / f"{name}.parquet").items()}
    return {**places, "predictions.jsonl": (folder / "predictions.jsonl").read_bytes()}


def test_no_answer_is_in_anything_that_a_solver_sees(planted):
    """Tokens of the reference patch, of hidden tests and of their ids are in no table, file, process or object."""
    secret = planted.secret()
    assert len(secret) == 2 + 4 * len(PARTS)
    assert search(secret, _seen(planted.folder)) == []


def test_the_spy_does_see_what_is_public(planted):
    """The same search finds every token of the public tests, so that it does look where they would be."""
    public = planted.public()
    assert len(public) == 6 * len(PARTS)
    seen = _seen(planted.folder)
    for place in ("table tasks.parquet column public_test_files", "table attempts.parquet column detail"):
        assert {s.token for s in search(public, {place: seen[place]})} == set(public)


class _Leaking:
    """A session under whose every command a shell first does something, as a careless sandbox would."""

    def __init__(self, session, shell):
        self._session, self._shell = session, shell

    def __getattr__(self, name):
        return getattr(self._session, name)

    def run(self, command):
        if command.argv[0] == "python":
            command = replace(command, argv=("sh", "-c", f'{self._shell}\nexec "$@"', "sh", *command.argv))
        return self._session.run(command)


_MAPPED = """import mmap, os, sys, time
with open(sys.argv[1], "w+b") as f:
    f.truncate(4096)
    kept = mmap.mmap(f.fileno(), 4096)
open(sys.argv[1] + "-ready", "w").close()
time.sleep(60)
"""
_SHELL_LEAKS = {
    "file /scratch": "echo {token} > /scratch/notes",
    "file /tmp": "echo {token} | base64 > /tmp/notes",
    "file /home": "mkdir -p ~/.cache && echo {token} | gzip > ~/.cache/notes",
    "file /dev/shm": "echo {token} > /dev/shm/notes",
    "names": "mkdir -p /tmp/{token}",
    "environment": "export SECRET={token}",
    "proc environ": "SECRET={token} sleep 60 &",
    "proc cmdline": "sh -c 'sleep 60; true' {token} &",
    "proc cwd": "mkdir /tmp/{token} && (cd /tmp/{token} && exec sleep 60) &\nsleep 0.3",
    "proc fd content": "(exec 7>/tmp/open; echo {token} >&7; rm /tmp/open; exec sleep 60) &\nsleep 0.3",
    "proc maps": f"python -c '{_MAPPED}' /tmp/{{token}} &\nwhile [ ! -e /tmp/{{token}}-ready ]; do sleep 0.1; done",
}
_FAST = {"environment"}


def _places():
    return [pytest.param(p, marks=[] if p in _FAST else [pytest.mark.slow]) for p in _SHELL_LEAKS]


@pytest.fixture
def spied(cache):
    """Let the spy look from a bench on a tiny environment; arguments leak something into it."""

    def run(overlay=None, shell="true", attribute=None, more=None, folder=cache):
        files = {"tiny.py": BUGGY, "tests/test_tiny.py": OLD_TESTS, **(more or {})}
        source = seed_sdist(folder, "tiny", "1.0", files)
        environment = Environment(source, PINS, RunnerSpec("pytest", ("tests",)), overlay=overlay or {})
        task = Task("tiny-1.0-1.1", "pypi", "release", "tiny", "words", environment, (), (), Difficulty.EASY, "split")
        opener = workspace_opener(LocalSandbox(cache=str(folder)), 60.0)
        with opener(environment, {}) as workspace:
            workspace.session = _Leaking(workspace.session, shell)
            bench = Bench(workspace, None, Deadline(60.0))
            workspace.note = attribute
            return look(task, bench)

    return run


def _is_found(token, places, place):
    return any(s.place.startswith(place) for s in search([token], places))


@pytest.mark.parametrize("place", _places())
def test_a_leak_in_the_sandbox_is_found(spied, place):
    """A token left by a shell at a place of the sandbox is found at that place."""
    token = new_token()
    assert _is_found(token, spied(shell=_SHELL_LEAKS[place].format(token=token)), place)


def _packed(token, codec):
    buffer = pa.BufferOutputStream()
    with pa.CompressedOutputStream(buffer, codec) as stream:
        stream.write(token.encode())
    return buffer.getvalue().to_pybytes()


def test_a_leak_in_the_repository_is_found(spied):
    """A token in a file of the environment's overlay is found, in its name and compressed too."""
    token = new_token()
    packed = {f"data.{codec}": _packed(token, codec) for codec in ("zstd", "gzip")}
    places = spied(overlay={**packed, f"{token}.txt": b"", "notes.md": token.encode()})
    files = tuple(f"file /testbed/{name}" for name in (*packed, "notes.md"))
    for place in (*files, "names", "object task.environment.overlay"):
        assert _is_found(token, places, place)


@pytest.mark.slow
def test_a_leak_in_the_metadata_is_found(spied):
    """A token in what the sandbox says of the package is found below /meta."""
    token = new_token()
    places = spied(more={"PKG-INFO": f"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nSummary: {token}\n".encode()})
    assert _is_found(token, places, "file /meta/")


@pytest.mark.slow
def test_a_leak_in_a_test_run_is_found(spied):
    """A token that only a test's failure puts together is found in what the run gives back."""
    token = new_token()
    halves = f"def test_it():\n    word = '{token[:9]}' + '{token[9:]}'\n    assert not word\n".encode()
    places = spied(overlay={"tests/test_more.py": halves})
    assert _is_found(token, places, "test run")
    assert not _is_found(token, places, "file ")


def test_an_answer_within_reach_of_the_bench_is_found(spied):
    """An answer that hangs on an object of the bench is found, however deep."""
    token = new_token()
    answer = Answer("i", token, "", (), (), (), (), Difficulty.EASY)
    assert _is_found(token, spied(attribute=[{"more": (lambda: answer)}]), "object bench")


@pytest.mark.slow
@pytest.mark.parametrize("is_packed", [False, True], ids=["loose", "packed"])
def test_a_leak_in_git_objects_is_found(spied, tmp_path, is_packed):
    """A token in a commit that no branch's tree shows any more is found in the objects."""
    token, repo = new_token(), tmp_path / "repo"
    repo.mkdir()
    (repo / "answer.py").write_text(f"# {token}\n" * 5, encoding="utf-8")
    names = ("-c", "user.name=a", "-c", "user.email=a@b")
    for argv in (["init", "-q"], ["add", "."], ["commit", "-qm", "fix"], ["rm", "-q", "answer.py"],
                 ["commit", "-qm", "x"], *([["gc", "-q"]] if is_packed else [])):  # fmt: skip
        subprocess.run(["git", *names, *argv], cwd=repo, check=True)
    overlay = {str(p.relative_to(repo)): p.read_bytes() for p in repo.rglob("*") if p.is_file()}
    # where git no longer takes the folder for a repository, the pack is read by us
    place = "file /testbed/.git/objects/pack" if is_packed else "git /testbed/.git"
    assert _is_found(token, spied(overlay=overlay), place)


@pytest.mark.slow
def test_a_leak_in_the_interpreter_environment_is_found(spied, tmp_path, cache):
    """A package that stands in /env and names the answer is found by name."""
    token, own = new_token(), tmp_path / "own"
    made = provision(PINS, cache)
    shutil.copytree(made, own / "envs" / made.name, copy_function=os.link, symlinks=True)
    for other in (cache / "envs").iterdir():
        if other.name != made.name and not (own / "envs" / other.name).exists():
            (own / "envs" / other.name).symlink_to(other)
    (own / "envs" / made.name / "lib" / "python3.11" / "site-packages" / f"{token}.dist-info").mkdir()
    assert _is_found(token, spied(folder=own), "names")


@pytest.mark.parametrize("column", ["problem_statement", "public_test_files", "public_pass_to_pass", "environment"])
def test_a_leak_in_the_task_table_is_found(tmp_path, column):
    """A token in any kind of column of tasks.parquet is found there: text, list, JSON, and base64 inside JSON."""
    token = new_token()
    environment = Environment(seed_sdist(tmp_path, "tiny", "1.0", {}), (), RunnerSpec("pytest", ("tests",)))
    task = Task("i", "pypi", "release", "tiny", "words", environment, (), (), Difficulty.EASY, "split")
    binary = {"data.bin": b"\xff\xfe" + token.encode()}
    leaks = {
        "problem_statement": token,
        "public_test_files": binary,
        "public_pass_to_pass": (f"tests/a.py::b[{token}]",),
        "environment": replace(environment, overlay=binary),
    }
    path = tmp_path / "tasks.parquet"
    tables.write(tables.TASKS, [task_row(replace(task, **{column: leaks[column]}))], path)
    assert _is_found(token, of_table(path), f"table tasks.parquet column {column}")
