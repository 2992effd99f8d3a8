"""Two releases of a tiny library, as real sdists in a cache and as a package index in a folder."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

from bugladder.records import Files

PINS = ("iniconfig==2.3.1", "packaging==26.3", "pluggy==1.7.0", "pygments==2.21.0", "pytest==8.4.2")
BUGGY = b'''"""Numbers as words."""

__version__ = "1.0"


def half(x):
    """Half of a number."""
    return x // 2


def twice(x):
    """Twice a number."""
    return x * 2
'''
FIXED = BUGGY.replace(b"x // 2", b"x / 2").replace(b"1.0", b"1.1")
OLD_TESTS = b"from demo import half\n\n\ndef test_even():\n    assert half(4) == 2\n"
NEW_TESTS = b"""import time

import pytest
from demo import half, twice


@pytest.mark.parametrize("x", range(10))
def test_twice(x):
    assert twice(x) == x + x


def test_even():
    assert half(4) == 2


@pytest.mark.parametrize("x", [1, 3])
def test_odd(x):
    assert 2 * half(x) == x


def test_one():
    assert half(1) == 0.5


@pytest.mark.parametrize("moment", [time.time_ns()])
def test_clock(moment):
    assert moment


def test_never():
    raise AssertionError
"""
FIRST = b"Version 1.0\n-----------\n\n- First.\n"
SECOND = b"Version 1.1\n-----------\n\n- Fix ``half`` of odd numbers.\n\n"
BEFORE: Files = {
    "PKG-INFO": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
    "demo.py": BUGGY,
    "tests/test_demo.py": OLD_TESTS,
    "CHANGES.rst": FIRST,
}
AFTER: Files = {**BEFORE, "demo.py": FIXED, "tests/test_demo.py": NEW_TESTS, "CHANGES.rst": SECOND + FIRST}
FAIL_TO_PASS = ("tests/test_demo.py::test_odd[1]", "tests/test_demo.py::test_odd[3]", "tests/test_demo.py::test_one")
PASS_TO_PASS = ("tests/test_demo.py::test_even", *(f"tests/test_demo.py::test_twice[{i}]" for i in range(10)))


def pack(version: str, files: Files) -> bytes:
    """An sdist of the library demo as bytes; the same files give the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for path, content in sorted(files.items()):
            info = tarfile.TarInfo(f"demo-{version}/{path}")
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
    return buffer.getvalue()


def seed(cache: Path, version: str, files: Files) -> tuple[str, str]:
    """Put an sdist into a cache as if it had been fetched; gives its filename and sha256."""
    data = pack(version, files)
    filename, digest = f"demo-{version}.tar.gz", hashlib.sha256(data).hexdigest()
    place = cache / "sdists" / digest / filename
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return filename, digest


def write_index(folder: Path, releases: dict[str, Files]) -> str:
    """A package index in a folder that holds demo's releases; gives its address."""
    place = folder / "demo"
    place.mkdir(parents=True)
    links = []
    for version, files in releases.items():
        data = pack(version, files)
        name = f"demo-{version}.tar.gz"
        (place / name).write_bytes(data)
        links.append(f'<a href="{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>')
    (place / "index.html").write_text("<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>")
    return folder.as_uri()
