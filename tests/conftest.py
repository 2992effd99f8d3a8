"""Fixtures of all rooms: a cache that shares the provisioned environments, a real sandbox, the tiny instance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docker_engine
import pytest
from tiny_bug import (
    BUGGY,
    FAIL_TO_PASS,
    FIXED,
    NEW_TESTS,
    OLD_TESTS,
    PASS_TO_PASS,
    PINS,
    PROJECT,
    TinyWorld,
    seed_sdist,
)

from bugladder.records import Difficulty, Environment, Files, Instance, RunnerSpec
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox
from bugladder.workspace import make_patch

# Markers of which a run in which all of their tests skip has shown nothing, where their tool is there.
_NEVER_ALL_SKIPPED = ("slow", "network", "docker")


class _MarkerWatch:
    """Fails a run in which every test of a marker was skipped although its tool is there."""

    def __init__(self) -> None:
        self.ran: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note for each marker whether any of its tests got as far as its body."""
        for marker in _NEVER_ALL_SKIPPED:
            if marker in report.keywords:
                self.ran[marker] = self.ran.get(marker, False) or (report.when == "call" and not report.skipped)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a green run red."""
        idle = sorted(marker for marker, has_run in self.ran.items() if not has_run)
        if "docker" in idle and docker_engine.missing():
            idle.remove("docker")
        if idle and session.exitstatus == pytest.ExitCode.OK:
            print(f"\nevery test marked {', '.join(idle)} was skipped although its tool is there")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    """Watch the markers in runs that ask for them."""
    # of parallel runs only the controller sees every report
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_MarkerWatch(), "bugladder-marker-watch")


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
def tiny_world(cache: Path) -> TinyWorld:
    """A real sandbox on a cache of its own."""
    sandbox = LocalSandbox(cache=str(cache))
    return TinyWorld(cache, sandbox, workspace_opener(sandbox, 60.0, slots=2, label="test"))


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
