"""A tiny library as an sdist in a cache of its own, and short ways to run things in a session."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from bugladder.records import Command, SdistSource
from bugladder.sandboxes.containers.holder import ContainerHolder

BINARY = bytes(range(256)) * 3
FILES = {
    "PKG-INFO": (b"Metadata-Version: 2.1\nName: tiny-lib\nVersion: 1.2\n", 0o644),
    "tiny/__init__.py": (b"VALUE = 1\n", 0o644),
    "tiny/data.bin": (BINARY, 0o644),
    "run.sh": (b"#!/bin/sh\necho ran\n", 0o755),
    "doomed.txt": (b"to be deleted\n", 0o644),
}


def make_sdist(cache: Path, version: str = "1.2", files=None) -> SdistSource:
    """Put an sdist into the cache as if it had been fetched."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, (content, mode) in (files or FILES).items():
            info = tarfile.TarInfo(f"tiny_lib-{version}/{path}")
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    path = cache / "sdists" / digest / f"tiny_lib-{version}.tar.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(buffer.getvalue())
    return SdistSource("tiny-lib", version, path.name, digest)


def sh(session, script, timeout_s=20.0, **options):
    """Run a shell script in a session."""
    return session.run(Command(("sh", "-c", script), timeout_s, **options))


def python(session, code, *arguments, timeout_s=20.0, **options):
    """Run a Python program in a session."""
    return session.run(Command(("python", "-c", code, *arguments), timeout_s, **options))


def need(session, what):
    """Skip by name what this machine or mode records as open."""
    if session.enforcement[what] == "open":
        pytest.skip(f"{what} is open here")


def kill_holder(session):
    """End from outside what holds a session, as the machine might."""
    holder = session._holder
    if isinstance(holder, ContainerHolder):
        holder.engine.api.kill(holder.id)
    else:
        holder._process.kill()
