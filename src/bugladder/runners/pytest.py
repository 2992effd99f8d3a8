"""The pytest command and the reading of the report that our program writes; nothing is read from standard output."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bugladder.records import Command, CommandResult, Files, RunnerSpec, TestReport, TestRequest
from bugladder.runners.events import read_events
from bugladder.runners.programs_beside import program_command, program_files

_PROGRAMS = tuple(f"bugladder_{name}" for name in ("pytest", "items", "sentinels", "watch", "choice"))
# The suite's own addopts ask for coverage, xdist or strictness that a measured run must not depend on.
_OPTIONS = ("-q", "-p", "no:cacheprovider", "-o", "addopts=")


@dataclass(frozen=True)
class PytestRunner:
    """Runner for pytest suites. One record a test, written after teardown, sealed with the request's key."""

    name: str = "pytest"

    def files(self) -> Files:
        """The programs, for a folder on PYTHONPATH outside the repository."""
        return program_files(*_PROGRAMS)

    def command(self, spec: RunnerSpec, request: TestRequest) -> Command:
        """Run pytest on the request's paths, the files of its ids, or the spec's paths.

        The repository's folders are no part of PYTHONPATH: they come on the path after pytest was loaded.
        """
        paths = request.paths or (tuple(_files_of(request.ids)) if request.ids is not None else spec.paths)
        options = (*_OPTIONS, "--continue-on-collection-errors", f"--rootdir={request.root}", *spec.options)
        plain, asked = replace(spec, options=()), replace(request, paths=paths)
        return program_command("bugladder_pytest", (*options, *paths), plain, asked)

    def read(self, report: bytes, result: CommandResult) -> TestReport:
        """Outcomes by id."""
        return read_events(report, result)


def _files_of(ids: Iterable[str]) -> list[str]:
    return sorted({i.split("::", 1)[0] for i in ids})
