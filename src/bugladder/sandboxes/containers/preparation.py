"""Decides how an official image's repository becomes one that a session may see: once, kept by digest with facts."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import ImageSource, InfrastructureError, canonical_json, sha256_text
from bugladder.sandboxes.containers.containment import LABEL, USER, Allowance, Container
from bugladder.sandboxes.containers.engine import Engine, EngineError
from bugladder.sandboxes.containers.failures import UNKNOWN, diagnose
from bugladder.sandboxes.containers.holder import StartedContainer
from bugladder.sandboxes.containers.line import LineEndedError

_PROGRAM = Path(__file__).parents[1] / "programs" / "container" / "prepare.bash"
_TIMEOUT_S = 900.0
# Rights to read files of any owner; nothing of a candidate runs then.
_RIGHTS = ("DAC_OVERRIDE", "FOWNER", "CHOWN")
# Of the activated environment, what belongs to the shell that printed it or is ours to set.
_SHELLS_OWN = ("_", "HOME", "HOSTNAME", "OLDPWD", "PWD", "SHLVL", "TERM", "PS1")


@dataclass(frozen=True)
class Prepared:
    """A repository that sessions get a copy of, and what its image has to offer.

    Args:
        holder: absolute path of the interpreter inside the image that holds the session.
        env: variables of the activated environment.
        folder: where tree.tar, passwd and group stand on this machine.
    """

    holder: str
    env: Mapping[str, str]
    folder: Path


@dataclass(frozen=True)
class Preparation:
    """How repositories are prepared.

    Args:
        engine: where.
        activate: bash command that activates the environment; its variables are those of every command.
        allowance: bounds of the container that does it; its disk holds the repository twice.
        trees: folder that they are kept in, one folder each.
    """

    engine: Engine
    activate: str
    allowance: Allowance
    trees: Path

    def digest(self, identity: str, workdir: str) -> str:
        """Digest of what a prepared repository is made from."""
        program = _PROGRAM.read_text(encoding="utf-8")
        return sha256_text(canonical_json([identity, workdir, USER, self.activate, program]))

    def folder(self, identity: str, workdir: str) -> Path:
        """Where it stands, whether it is there or not."""
        return self.trees / self.digest(identity, workdir)[:32]

    def find(self, identity: str, workdir: str) -> Prepared | None:
        """The prepared repository, where it is there already."""
        folder = self.folder(identity, workdir)
        try:
            facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Prepared(**facts, folder=folder)

    def make(self, source: ImageSource, image_id: str, identity: str) -> Prepared:
        """Prepare the repository of an image that is there.

        Raises:
            InfrastructureError: it has no git repository, shell or interpreter.
        """
        command = ("bash", "-c", _PROGRAM.read_text(encoding="utf-8"), "prepare")
        container = Container(
            image_id,
            (*command, source.workdir, str(USER), self.activate),
            self.allowance,
            rights=_RIGHTS,
            labels={f"{LABEL}.run": "prepare", f"{LABEL}.instance": source.label},
        )
        target = self.folder(identity, source.workdir)
        self.trees.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".part-{target.name}-", dir=self.trees))
        started = StartedContainer(self.engine, container, f"prepare {source.label}")
        try:
            _keep(started, part, source)
            for path in (part, *part.iterdir()):
                # shown to the session's user, whatever the caller's umask is
                path.chmod(0o755)
            with contextlib.suppress(OSError):
                # another driver may have been faster
                part.rename(target)
        finally:
            started.end()
            shutil.rmtree(part, ignore_errors=True)
        found = self.find(identity, source.workdir)
        if found is None:
            raise InfrastructureError(f"{target}: what was prepared cannot be kept there; remove it, or free the disk")
        return found


def _keep(started: StartedContainer, folder: Path, source: ImageSource) -> None:
    """Write what the program prints to a folder."""
    what = f"image {source.image}: preparing {source.workdir}"
    deadline = time.monotonic() + _TIMEOUT_S
    try:
        head = started.line.take(16, deadline)
        if not head.isdigit():
            raise InfrastructureError(
                f"{what}: it printed {head!r}... in place of its facts; is any file tracked there?"
            )
        facts = _facts(started.line.take(int(head), deadline), what)
        with (folder / "tree.tar").open("wb") as stream:
            for block in started.line.blocks(deadline):
                stream.write(block)
    except TimeoutError as error:
        raise EngineError(what, "timed out") from error
    except LineEndedError as error:
        raise _failure(started, what) from error
    if "ExitCode=0 " not in started.final_state():
        raise _failure(started, what)
    for name in ("passwd", "group"):
        (folder / name).write_text(_with_user(facts.pop(name), name), encoding="utf-8")
    env = {n.removeprefix("env:"): v for n, v in facts.items() if n.startswith("env:")}
    kept = {n: v for n, v in env.items() if n not in _SHELLS_OWN and not n.startswith("BASH_FUNC_")}
    plain = {"holder": facts["holder"], "env": kept}
    (folder / "facts.json").write_text(json.dumps(plain, indent=1, sort_keys=True), encoding="utf-8")


def _facts(printed: bytes, what: str) -> dict[str, str]:
    pairs = [item.partition("=") for item in printed.decode("utf-8", "surrogateescape").split("\0") if item]
    found = {name: value for name, _, value in pairs}
    if not found["holder"]:
        raise InfrastructureError(f"{what}: it has no Python from 3.9 on, which holds the session")
    return found


def _failure(started: StartedContainer, what: str) -> InfrastructureError:
    words = started.line.words or started.final_state()
    if diagnose(words) is not UNKNOWN:
        return EngineError(what, words)
    return InfrastructureError(f"{what} failed: {' '.join(words.split())[-300:]}")


def _with_user(text: str, name: str) -> str:
    own = {"passwd": f"solver:x:{USER}:{USER}:solver:/disk/home:/bin/sh", "group": f"solver:x:{USER}:"}
    return f"{text}\n{own[name]}\n"
