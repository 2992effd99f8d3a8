"""Django's own test command, tests/runtests.py, with a unittest result that writes our report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bugladder.records import Command, CommandResult, Files, RunnerSpec, TestReport, TestRequest
from bugladder.runners.events import read_events
from bugladder.runners.programs_beside import program_command, program_files

# As Python 3.11 prints them, the name of the method stands at the end, too.
_ID = re.compile(r"(\w+) \(([\w.]+?)\.\w+(\.\1)?\)")


@dataclass(frozen=True)
class DjangoRunner:
    """Runner for django's repository. Paths become module labels, as the official command has them."""

    name: str = "django"

    def files(self) -> Files:
        """The program and what it imports."""
        return program_files("bugladder_django", "bugladder_records")

    def command(self, spec: RunnerSpec, request: TestRequest) -> Command:
        """`runtests.py` on the modules of the request's paths, of the spec's, or of its ids."""
        paths = request.paths or spec.paths
        labels = module_labels(paths) if paths else _modules_of_ids(request.ids or ())
        return program_command("bugladder_django", tuple(labels), spec, request)

    def read(self, report: bytes, result: CommandResult) -> TestReport:
        """Outcomes by `method (module.Class)`, by how Python 3.11 prints it, and by the docstring's first line."""
        return read_events(report, result)


def module_labels(paths: Iterable[str]) -> list[str]:
    """What runtests.py calls Python files below tests/; data files have no label."""
    plain = (p.removeprefix("tests/").removesuffix(".py") for p in paths if p.endswith(".py"))
    return sorted({p.replace("/", ".").removesuffix(".__init__") for p in plain})


def _modules_of_ids(ids: Iterable[str]) -> list[str]:
    """Modules that ids name; a docstring's line names none."""
    return sorted({match[2] for match in map(_ID.fullmatch, ids) if match})
