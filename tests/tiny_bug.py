"""A tiny real bug that several rooms' tests share: its states, its tests, and an sdist written as if fetched."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import Files, SdistSource
from bugladder.records.protocols import OpenWorkspace
from bugladder.sandboxes.local import LocalSandbox

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
