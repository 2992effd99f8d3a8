"""The pytest command and the reading of the report that our program writes; nothing is read from standard output."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import Command, CommandResult, Files, RunnerSpec, TestReport, TestRequest
from bugladder.runners.events import read_events

_PROGRAMS = Path(__file__).parent / "programs"
_FILES = ("start", "pytest", "guard", "items", "sentinels", "watch", "choice")
# The suite's own addopts ask for coverage, xdist or strictness that a measured run must not depend on.
_OPTIONS = ("-q", "-p", "bugladder_choice", "-p", "no:cacheprovider", "-o", "addopts=")


@dataclass(frozen=True)
class PytestRunner:
    """Runner for pytest suites. One record a test, written after teardown, sealed with the request's key."""

    name: str = "pytest"

    def files(self) -> Files:
        """The programs, for a folder on PYTHONPATH outside the repository."""
        return {f"bugladder_{name}.py": (_PROGRAMS / f"bugladder_{name}.py").read_bytes() for name in _FILES}

    def command(self, spec: RunnerSpec, request: TestRequest) -> Command:
        """Run pytest on the request's paths, the files of its ids, or the spec's paths.

        The repository's folders are no part of PYTHONPATH: they come on the path after pytest was loaded.
        """
        paths = request.paths or (tuple(_files_of(request.ids)) if request.ids is not None else spec.paths)
        env = {
            **dict(spec.env),
            "PYTHONPATH": ":".join([*request.pythonpath, request.support]),
            "BUGLADDER_PATH": ":".join(request.root if p == "." else f"{request.root}/{p}" for p in spec.pythonpath),
            "BUGLADDER_REPORT": request.report,
            "BUGLADDER_WATCH": ":".join(paths),
        }
        if request.ids_file is not None:
            env["BUGLADDER_IDS"] = request.ids_file
        program = (f"{request.support}/bugladder_start.py", "bugladder_pytest")
        options = (*_OPTIONS, "--continue-on-collection-errors", f"--rootdir={request.root}", *spec.options)
        argv = ("python", *program, *options, *paths)
        return Command(argv, request.timeout_s, stdin=request.key, env=tuple(sorted(env.items())))

    def read(self, report: bytes, result: CommandResult) -> TestReport:
        """Outcomes by id."""
        return read_events(report, result)


def _files_of(ids: Iterable[str]) -> list[str]:
    return sorted({i.split("::", 1)[0] for i in ids})
