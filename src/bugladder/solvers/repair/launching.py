"""Puts a program and the runner's plugin into a sandbox and builds the command that runs pytest inside that program."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bugladder.records import Command, InfrastructureError, TestRequest
from bugladder.workspace import Workspace

_PROGRAMS = Path(__file__).parent.parent / "programs"
TRACER = "pytest_tracer.py"
SERVER = "pytest_server.py"
_FILES = (TRACER, SERVER, "bugladder_forks.py", "bugladder_judge.py", "bugladder_tree.py")


@dataclass(frozen=True)
class Launcher:
    """A folder of a workspace's scratch space that holds our programs, and the test ids that they run."""

    workspace: Workspace
    folder: str
    ids: tuple[str, ...]

    def command(self, program: str, order: Mapping[str, Any], lines: Iterable[bytes], timeout_s: float) -> Command:
        """The command of a program; its standard input is the order in one JSON line, then `lines`.

        The pytest arguments, the environment and the choice of ids are the runner's own.
        """
        request = TestRequest(
            root=self.workspace.session.root,
            support=self.folder,
            report="/dev/null",
            pythonpath=self.workspace.session.pythonpath,
            timeout_s=timeout_s,
            ids=self.ids,
            ids_file=f"{self.folder}/ids",
        )
        plain = self.workspace.runner.command(self.workspace.spec, request)
        arguments = ("-p", "bugladder_choice", *plain.argv[plain.argv.index("bugladder_pytest") + 1 :])
        env = dict(plain.env)
        # here the repository is on the path from the start: nothing is graded
        env["PYTHONPATH"] = f"{env.pop('BUGLADDER_PATH')}:{env['PYTHONPATH']}"
        first = json.dumps({**order, "root": self.workspace.session.root, "arguments": list(arguments)}).encode()
        return Command(
            (plain.argv[0], f"{self.folder}/{program}"),
            timeout_s,
            stdin=b"\n".join([first, *lines]),
            env=tuple(sorted(env.items())),
        )


def launcher(workspace: Workspace, ids: Iterable[str]) -> Launcher:
    """Lay the programs, the runner's files and the ids into a new folder of the scratch space.

    Raises:
        InfrastructureError: the sandbox could not take them.
    """
    folder = f"{workspace.session.scratch}/search-{secrets.token_hex(8)}"
    made = workspace.run("mkdir", folder)
    if made.exit_code != 0:
        raise InfrastructureError(f"sandbox command mkdir failed ({made.exit_code}) for the solver's folder")
    chosen = tuple(ids)
    programs = {name: (_PROGRAMS / name).read_bytes() for name in _FILES}
    workspace.write({**programs, **workspace.runner.files(), "ids": "\n".join(chosen).encode()}, folder=folder)
    return Launcher(workspace, folder, chosen)
