"""What runners with a program of their own share: the files it needs and the variables that it runs with."""

from __future__ import annotations

from pathlib import Path

from bugladder.records import Files, RunnerSpec, TestRequest

_PROGRAMS = Path(__file__).parent / "programs"


def program_files(name: str) -> Files:
    """A program and the module that writes its events, for a folder outside the repository."""
    return {f"{module}.py": (_PROGRAMS / f"{module}.py").read_bytes() for module in (name, "bugladder_events")}


def runner_env(spec: RunnerSpec, request: TestRequest) -> tuple[tuple[str, str], ...]:
    """The spec's variables, PYTHONPATH, and the places of the report and of the ids."""
    own = [request.root if p == "." else f"{request.root}/{p}" for p in spec.pythonpath]
    env = {
        **dict(spec.env),
        "PYTHONPATH": ":".join([*own, *request.pythonpath]),
        "BUGLADDER_REPORT": request.report,
    }
    if request.ids_file is not None:
        env["BUGLADDER_IDS"] = request.ids_file
    return tuple(sorted(env.items()))
