from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import coverage
import pytest

from bugladder.records import Command, CommandResult, Difficulty, Environment, RunnerSpec, SdistSource, Task
from bugladder.runners.pytest import PytestRunner
from bugladder.workspace import Bench, Deadline, Workspace


class FolderSession:
    """A session in a temporary folder without any fence: real commands, this interpreter's own packages."""

    pythonpath: tuple[str, ...] = ()
    enforcement: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path, hash_seed: str = "0") -> None:
        self.root, self.scratch = str(folder / "testbed"), str(folder / "scratch")
        Path(self.root).mkdir()
        Path(self.scratch).mkdir()
        self.env = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": hash_seed,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # this interpreter has plugins that no instance has
            "BUGLADDER_TOOLS": str(Path(coverage.__file__).parent.parent),
        }

    def run(self, command: Command) -> CommandResult:
        """Run a command in a session of its own, ended with its group when its time is over."""
        started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=command.cwd or self.root,
            env={**self.env, **dict(command.env)},
            start_new_session=True,
        )
        timed_out = False
        try:
            out, err = process.communicate(command.stdin, timeout=command.timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            out, err = process.communicate()
            timed_out = True
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        code = None if timed_out else process.returncode
        return CommandResult(code, out, err, time.monotonic() - started, cpu_s, timed_out)

    def close(self) -> None:
        """The temporary folder goes with the test."""


class Lab:
    """A mini repository opened on a bench, with a task on it."""

    def __init__(self, folder: Path, files: dict[str, str], **settings: str) -> None:
        self.session = FolderSession(folder, **settings)
        self.spec = RunnerSpec("pytest", ("tests",))
        self.workspace = Workspace(self.session, PytestRunner(), self.spec, 60.0)
        self.workspace.write({path: text.encode() for path, text in files.items()})

    def bench(self, seed: int = 0, limit_s: float = 300.0) -> Bench:
        """A bench on this workspace."""
        return Bench(self.workspace, random.Random(seed), Deadline(limit_s))

    def task(self, failing: list[str], passing: list[str]) -> Task:
        """A task with these public tests."""
        source = SdistSource("mini", "1.0", "mini-1.0.tar.gz", "0" * 64)
        environment = Environment(source, (), self.spec)
        return Task(
            "mini-1", "pypi", "release", "mini", "It is wrong.", environment, tuple(failing), tuple(passing),
            Difficulty.EASY, "split",
        )  # fmt: skip


@pytest.fixture
def lab(tmp_path):
    """Builds a Lab from files by path; may be called several times."""
    count = 0

    def build(files: dict[str, str], **settings: str) -> Lab:
        nonlocal count
        count += 1
        folder = tmp_path / f"lab{count}"
        folder.mkdir()
        return Lab(folder, files, **settings)

    return build
