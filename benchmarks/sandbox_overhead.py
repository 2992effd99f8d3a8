"""What a local sandbox costs beside a bare subprocess: open, command, close. Run it by path; it needs no network."""

from __future__ import annotations

import argparse
import functools
import hashlib
import io
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bugladder.records import Command, Environment, RunnerSpec, SdistSource
from bugladder.sandboxes.local import LocalSandbox

# About as long as the test command of a small library.
BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def make_source(cache: Path, files: int, size: int) -> SdistSource:
    """Put an sdist of `files` files of `size` bytes into the cache."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for number in range(files):
            info = tarfile.TarInfo(f"lib-1/pkg{number % 10}/file{number}.py")
            info.size = size
            archive.addfile(info, io.BytesIO(b"#" * size))
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    path = cache / "sdists" / digest / "lib-1.tar.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(buffer.getvalue())
    return SdistSource("lib", "1", path.name, digest)


def cpu_s() -> float:
    """CPU seconds of this process and of its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measured(name: str, repeats: int, act: Callable[[], object], finish: Callable[[], object] = int) -> None:
    """Print the median wall of an act and its mean CPU; finish is what makes the CPU of all acts show."""
    walls, cpu = [], cpu_s()
    for _ in range(repeats):
        began = time.monotonic()
        act()
        walls.append(time.monotonic() - began)
    finish()
    spent = (cpu_s() - cpu) / repeats
    print(f"{name:28} wall {1000 * statistics.median(walls):8.2f} ms   cpu {1000 * spent:8.2f} ms")


def main() -> None:
    """Measure with an empty environment: no network is needed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=150, help="files in the tree")
    parser.add_argument("--bytes", type=int, default=5000, help="bytes of each file")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        environment = Environment(make_source(cache, options.files, options.bytes), (), RunnerSpec("pytest", ()))
        sandbox = LocalSandbox(cache=name, tool_requirements=())
        sandbox.open(environment, "bench").close()
        measured("open and close", options.repeats, lambda: sandbox.open(environment, "bench").close())
        for argv in (("true",), ("python", "-c", "pass"), ("python", "-c", BUSY)):
            label = " ".join(argv)[:16]
            bare = [str(Path(sys.executable).resolve()) if part == "python" else part for part in argv]
            measured(f"bare    {label}", options.repeats, lambda bare=bare: subprocess.run(bare, check=True))
            session = sandbox.open(environment, "bench")
            # the CPU inside shows when the session ends, and then holds its opening as well
            run = functools.partial(session.run, Command(argv, 60.0))
            measured(f"inside  {label}", options.repeats, run, session.close)


if __name__ == "__main__":
    main()
