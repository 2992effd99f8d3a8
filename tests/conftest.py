"""Fixtures that several rooms share: a tiny real bug in a real sdist, and a cache that reuses the provisioned environments."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bugladder.protocols import OpenWorkspace
from bugladder.records import Difficulty, Environment, Files, Instance, RunnerSpec, SdistSource
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox
from bugladder.workspace import make_patch

PROJECT = Path(__file__).resolve().parents[1]
PINS = ("iniconfig==2.3.1", "packaging==26.3", "pluggy==1.7.0", "pygments==2.21.0", "pytest==8.4.2")

BUGGY = b'''"""Arithmetic of a tiny library."""


def add(a, b):
    """Sum of two numbers."""
    return a - b


def double(a):
    """Twice a number."""
    return a * 2
'''
FIXED = BUGGY.replace(b"return a - b", b"return a + b")
OLD_TESTS = b"""from tiny import double


def test_double():
    assert double(2) == 4


def test_double_negative():
    assert double(-2) == -4
"""
NEW_TESTS = b"""import pytest
from tiny import add, double


def test_double():
    assert double(2) == 4


def test_double_negative():
    assert double(-2) == -4


def test_double_zero():
    assert double(0) == 0


def test_double_word():
    assert double("ab") == "abab"


def test_add():
    assert add(1, 2) == 3


# adding something negative used to grow
def test_add_negative():
    assert add(1, -2) == -1


@pytest.mark.parametrize("b", [3, 4, 5])
def test_add_many(b):
    assert add(b, b) == 2 * b


class TestAdd:
    def test_zero_left(self):
        assert add(0, 7) == 7
"""
FAIL_TO_PASS = (
    "tests/test_tiny.py::test_add",
    "tests/test_tiny.py::test_add_negative",
    "tests/test_tiny.py::test_add_many[3]",
    "tests/test_tiny.py::test_add_many[4]",
    "tests/test_tiny.py::test_add_many[5]",
    "tests/test_tiny.py::TestAdd::test_zero_left",
)
PASS_TO_PASS = tuple(f"tests/test_tiny.py::test_double{end}" for end in ("", "_negative", "_zero", "_word"))


@dataclass(frozen=True)
class TinyWorld:
    """A cache folder that holds the tiny sdist, and the sandbox and opener on it."""

    cache: Path
    sandbox: LocalSandbox
    open_workspace: OpenWorkspace


def seed_sdist(cache: Path, name: str, version: str, files: Files) -> SdistSource:
    """Write an sdist into a cache as if it had been fetched."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for path, content in sorted({"PKG-INFO": b"Metadata-Version: 2.1\n", **files}.items()):
            info = tarfile.TarInfo(f"{name}-{version}/{path}")
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
    data = buffer.getvalue()
    source = SdistSource(name, version, f"{name}-{version}.tar.gz", hashlib.sha256(data).hexdigest())
    place = cache / "sdists" / source.sha256 / source.filename
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return source


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An empty cache that shares the project's provisioned environments and nothing else."""
    folder = tmp_path / "cache"
    folder.mkdir()
    for shared in ("envs", "tools"):
        (PROJECT / ".bugladder" / shared).mkdir(parents=True, exist_ok=True)
        (folder / shared).symlink_to(PROJECT / ".bugladder" / shared)
    return folder


@pytest.fixture
def tiny_world(cache: Path) -> Iterator[TinyWorld]:
    """A real sandbox on a cache of its own."""
    sandbox = LocalSandbox(cache=str(cache))
    yield TinyWorld(cache, sandbox, workspace_opener(sandbox, 60.0, slots=2, label="test"))


@pytest.fixture
def make_instance(cache: Path) -> Callable[..., Instance]:
    """Build the tiny instance; keyword arguments replace its states or its fields."""

    def make(
        buggy: bytes = BUGGY,
        fixed: bytes = FIXED,
        new_tests: bytes = NEW_TESTS,
        more: Files | None = None,
        **fields: object,
    ) -> Instance:
        base: Files = {"tiny.py": buggy, "tests/test_tiny.py": OLD_TESTS, "README.md": b"tiny\n", **(more or {})}
        source = seed_sdist(cache, "tiny", "1.0", base)
        values: dict[str, object] = {
            "instance_id": "tiny-1.0-1.1",
            "dataset": "pypi",
            "origin": "release",
            "repo": "tiny",
            "version": "1.0",
            "created_at": "2026-01-01",
            "difficulty": Difficulty.EASY,
            "apparent_difficulty": Difficulty.EASY,
            "problem_statement": "add gives a wrong result",
            "reference_patch": make_patch({"tiny.py": buggy}, {"tiny.py": fixed}),
            "test_patch": make_patch({"tests/test_tiny.py": OLD_TESTS}, {"tests/test_tiny.py": new_tests}),
            "fail_to_pass": FAIL_TO_PASS,
            "pass_to_pass": PASS_TO_PASS,
            "environment": Environment(source, PINS, RunnerSpec("pytest", ("tests",))),
        }
        return Instance(**{**values, **fields})  # type: ignore[arg-type]

    return make
