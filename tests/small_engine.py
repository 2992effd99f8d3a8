"""A second real engine for a while, with a disk of its own that is soon full."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException


@contextlib.contextmanager
def small_engine(size_mb: int) -> Iterator[str]:
    """Its URL; skips the test where none can be started. No container runs there: it has no network of its own."""
    # a short path: its sockets' names are bounded
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        yield from _started(Path(folder), size_mb)


def _started(folder: Path, size_mb: int) -> Iterator[str]:
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("a second engine needs root and dockerd")
    data, url = folder / "data", f"unix://{folder}/engine.sock"
    data.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", data], check=False)
    if mounted.returncode != 0:
        pytest.skip("a second engine needs a disk of its own, and nothing may be mounted here")
    places = (f"--data-root={data}", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid", f"--host={url}")
    quiet = ("--bridge=none", "--iptables=false", "--ip-masq=false")
    with (folder / "log").open("wb") as log:
        engine = subprocess.Popen(["dockerd", *places, *quiet], stdout=log, stderr=log)
    try:
        _wait(engine, url, folder / "log")
        yield url
    finally:
        engine.terminate()
        engine.wait(30)
        subprocess.run(["umount", data], check=True)


def _wait(engine: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and engine.poll() is None:
        with contextlib.suppress(DockerException), contextlib.closing(docker.APIClient(url, version="auto")) as client:
            client.ping()
            return
        time.sleep(0.1)
    pytest.skip(f"a second engine does not start: {log.read_text()[-300:]}")
