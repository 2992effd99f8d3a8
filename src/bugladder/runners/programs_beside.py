"""What runners with a program of their own share: the files that it needs, and how it is started."""

from __future__ import annotations

from pathlib import Path

from bugladder.records import Command, Files, RunnerSpec, TestRequest

_PROGRAMS = Path(__file__).parent / "programs"
_STARTING = ("bugladder_start", "bugladder_channel", "bugladder_seal", "bugladder_guard")


def program_files(*names: str) -> Files:
    """A program with what it imports beside it, and what starts it, for a folder outside the repository."""
    return {f"{module}.py": (_PROGRAMS / f"{module}.py").read_bytes() for module in (*_STARTING, *names)}


def program_command(name: str, arguments: tuple[str, ...], spec: RunnerSpec, request: TestRequest) -> Command:
    """The start of a program: the repository comes on its path after its tools, its report is sealed with the key."""
    env = {
        **dict(spec.env),
        "PYTHONPATH": ":".join([*request.pythonpath, request.support]),
        "BUGLADDER_PATH": ":".join(request.root if p == "." else f"{request.root}/{p}" for p in spec.pythonpath),
        "BUGLADDER_REPORT": request.report,
        "BUGLADDER_WATCH": ":".join(request.paths or spec.paths),
    }
    if request.ids_file is not None:
        env["BUGLADDER_IDS"] = request.ids_file
    argv = ("python", f"{request.support}/bugladder_start.py", name, *spec.options, *arguments)
    return Command(argv, request.timeout_s, stdin=request.key, env=tuple(sorted(env.items())))
