"""Decides how a checkout is installed as editable: its own build makes its metadata, in a session, without network."""

from __future__ import annotations

import io
import stat
import tarfile
from pathlib import Path

from bugladder.records import Command, InvalidInstanceError
from bugladder.records.protocols import Session
from bugladder.records.setup_steps import EditableInstall
from bugladder.sources import Member

PROGRAM = Path(__file__).parent / "programs" / "setup" / "editable.py"
_TIMEOUT_S = 300.0


def install_editable(session: Session, step: EditableInstall, what: str) -> tuple[dict[str, Member], dict[str, Member]]:
    """Files that the build wrote into the tree, and its metadata (a dist-info folder) for a folder on PYTHONPATH.

    Args:
        session: an open session on the checkout, with the build's tools.
        step: the step, with the variables of the installation.
        what: the id that errors name.

    Raises:
        InvalidInstanceError: the build fails.
    """
    command = Command(("python", "-"), _TIMEOUT_S, stdin=PROGRAM.read_bytes(), env=step.env)
    done = session.run(command)
    if done.exit_code != 0 or done.is_truncated:
        words = " ".join(done.stderr.decode("utf-8", "replace").split())[-300:]
        raise InvalidInstanceError(
            f"{what}: its metadata could not be made by its build (exit {done.exit_code}): {words}"
        )
    tree: dict[str, Member] = {}
    meta: dict[str, Member] = {}
    with tarfile.open(fileobj=io.BytesIO(done.stdout), mode="r:") as archive:
        for info in archive:
            stream = archive.extractfile(info) if info.isreg() else None
            side, _, path = info.name.partition("/")
            if stream is not None:
                member = Member(stream.read(), bool(info.mode & stat.S_IXUSR))
                (tree if side == "tree" else meta)[path] = member
    return tree, meta
