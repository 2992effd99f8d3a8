"""The pytest command and the reading of the report that our plugin writes; nothing is read from standard output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bugladder.records import Command, CommandResult, Files, Outcome, RunnerSpec, TestReport, TestRequest, TestResult

_PLUGIN = "bugladder_report"
_PROGRAM = Path(__file__).parent / "programs" / f"{_PLUGIN}.py"
# The suite's own addopts ask for coverage, xdist or strictness that a measured run must not depend on.
_OPTIONS = ("-q", "-p", _PLUGIN, "-p", "no:cacheprovider", "-o", "addopts=", "--continue-on-collection-errors")


@dataclass(frozen=True)
class PytestRunner:
    """Runner for pytest suites. Outcomes come from the plugin's JSON lines; one line a test, written after teardown."""

    name: str = "pytest"

    def files(self) -> Files:
        """The plugin, for a folder on PYTHONPATH outside the repository."""
        return {_PROGRAM.name: _PROGRAM.read_bytes()}

    def command(self, spec: RunnerSpec, request: TestRequest) -> Command:
        """`python -m pytest` on the request's paths, the files of its ids, or the spec's paths."""
        paths = request.paths or (tuple(_files_of(request.ids)) if request.ids is not None else spec.paths)
        own = [request.root if p == "." else f"{request.root}/{p}" for p in spec.pythonpath]
        env = {
            **dict(spec.env),
            "PYTHONPATH": ":".join([*own, *request.pythonpath, request.support]),
            "BUGLADDER_REPORT": request.report,
        }
        if request.ids_file is not None:
            env["BUGLADDER_IDS"] = request.ids_file
        argv = ("python", "-m", "pytest", *_OPTIONS, f"--rootdir={request.root}", *spec.options, *paths)
        return Command(argv, request.timeout_s, env=tuple(sorted(env.items())))

    def read(self, report: bytes, result: CommandResult) -> TestReport:
        """Outcomes by id; a test that a time-out interrupted is not in the report.

        A line that is no JSON object of ours makes the report unreadable: only the plugin writes there.
        """
        events = _events(report)
        tests = [e for e in events or () if e["event"] == "test"]
        finished = [e for e in events or () if e["event"] == "finished"]
        errors = [(e["path"], e["message"]) for e in events or () if e["event"] == "collection_error"]
        return TestReport(
            results=tuple(_result(e) for e in tests),
            collection_errors=tuple(errors),
            is_readable=bool(events),
            # pytest's exit status and the process's must tell the same story
            is_complete=len(finished) == 1 and finished[0]["exit_status"] == result.exit_code,
            command=result,
        )


def _files_of(ids: Iterable[str]) -> list[str]:
    return sorted({i.split("::", 1)[0] for i in ids})


def _events(report: bytes) -> list[dict[str, Any]] | None:
    lines = report.decode("utf-8", "replace").split("\n")
    events: list[dict[str, Any]] = []
    # what follows the last line break is a line that a kill cut off
    for line in lines[:-1]:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            return None
        if not isinstance(event, dict) or "event" not in event:
            return None
        events.append(event)
    return events


def _result(event: Mapping[str, Any]) -> TestResult:
    return TestResult(
        test_id=event["id"],
        outcome=Outcome(event["outcome"]),
        phase=event["phase"],
        definition=event["definition"],
        seconds=float(event["seconds"]),
        message=event["message"],
    )
