"""What runners with a program of their own share: the files that it needs, and how it is started."""

from __future__ import annotations

import importlib.util
import marshal
import sys
from functools import cache
from pathlib import Path

from bugladder.records import Command, Files, RunnerSpec, TestRequest

_PROGRAMS = Path(__file__).parent / "programs"
_STARTING = tuple(f"bugladder_{name}" for name in ("start", "fork", "channel", "seal", "guard"))


def program_files(*names: str) -> Files:
    """A program with what it imports beside it, and what starts it, for a folder outside the repository.

    Bytecode goes along, which an interpreter of our own version takes and any other passes over.
    """
    return {path: content for name in (*_STARTING, *names) for path, content in _files_of(name).items()}


@cache
def _files_of(name: str) -> Files:
    source = (_PROGRAMS / f"{name}.py").read_bytes()
    code = marshal.dumps(compile(source, f"{name}.py", "exec", dont_inherit=True))
    # by hash, and not to be checked: it came together with its source
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
    return {f"{name}.py": source, f"__pycache__/{name}.{sys.implementation.cache_tag}.pyc": head + code}


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
