"""Sympy's own test command, bin/test, with its reporter writing our report."""

from __future__ import annotations

from dataclasses import dataclass

from bugladder.records import Command, CommandResult, Files, RunnerSpec, TestReport, TestRequest
from bugladder.runners.events import read_events
from bugladder.runners.programs_beside import program_command, program_files


@dataclass(frozen=True)
class SympyRunner:
    """Runner for sympy's repository. Ids are names of functions, so files are chosen by paths alone."""

    name: str = "sympy"

    def files(self) -> Files:
        """The program and what it imports."""
        return program_files("bugladder_sympy", "bugladder_records")

    def command(self, spec: RunnerSpec, request: TestRequest) -> Command:
        """What bin/test does on the request's paths or the spec's; without any, on all of sympy."""
        paths = tuple(p for p in request.paths or spec.paths if p.endswith(".py"))
        return program_command("bugladder_sympy", paths, spec, request)

    def read(self, report: bytes, result: CommandResult) -> TestReport:
        """Outcomes by function name."""
        return read_events(report, result)
