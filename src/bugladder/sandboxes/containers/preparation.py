"""Decides how an official image becomes one that a session may open: once, kept by digest, its facts in a label."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from docker.errors import ImageNotFound

from bugladder.records import ImageSource, InfrastructureError, canonical_json, sha256_text
from bugladder.sandboxes.containers.containment import DRIVER, LABEL, Allowance, Container
from bugladder.sandboxes.containers.engine import Engine, EngineError, told
from bugladder.sandboxes.containers.failures import UNKNOWN, diagnose
from bugladder.sandboxes.containers.holder import StartedContainer

USER = 54321
"""The session's user inside: nobody's number in usual images."""
REPOSITORY = f"{LABEL}/prepared"
_PREPARED, _FACTS, SOURCE = f"{LABEL}.prepared", f"{LABEL}.facts", f"{LABEL}.source"
_PROGRAM = Path(__file__).parents[1] / "programs" / "container" / "prepare.bash"
_TIMEOUT_S = 900.0
# Rights to take over files of any owner; nothing of a candidate runs then.
_RIGHTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER")
# Of the activated environment, what belongs to the shell that printed it or is ours to set.
_SHELLS_OWN = ("_", "HOME", "HOSTNAME", "OLDPWD", "PWD", "SHLVL", "TERM", "PS1")


@dataclass(frozen=True)
class Prepared:
    """An image that sessions are opened from.

    Args:
        image: its id.
        git: "one commit" where its repository holds nothing but the base commit; else what is wrong with it.
        tree: the commit's tree, a git hash.
        holder: absolute path of the interpreter inside that holds the session.
        env: variables of the activated environment.
    """

    image: str
    git: str
    tree: str
    holder: str
    env: Mapping[str, str]


@dataclass(frozen=True)
class Preparation:
    """How images are prepared.

    Args:
        engine: where.
        activate: bash command that activates the environment; its variables are those of every command.
        allowance: bounds of the container that does it.
    """

    engine: Engine
    activate: str
    allowance: Allowance

    def tag(self, identity: str, workdir: str) -> str:
        """Name of the prepared image for an image's identity."""
        return f"{REPOSITORY}:{self.digest(identity, workdir)[:32]}"

    def digest(self, identity: str, workdir: str) -> str:
        """Digest of what a prepared image is made from."""
        program = _PROGRAM.read_text(encoding="utf-8")
        return sha256_text(canonical_json([identity, workdir, USER, self.activate, program]))

    def find(self, identity: str, workdir: str) -> Prepared | None:
        """The prepared image, where it is there already.

        Raises:
            EngineError: the engine does not answer.
        """
        with told(f"image {identity[:19]}"):
            try:
                found = self.engine.api.inspect_image(self.tag(identity, workdir))
            except ImageNotFound:
                return None
        facts = json.loads(found["Config"]["Labels"][_FACTS])
        return Prepared(image=found["Id"], **facts)

    def make(self, source: ImageSource, image_id: str, identity: str) -> Prepared:
        """Prepare an image that is there, for an identity.

        Raises:
            InfrastructureError: it has no git repository, shell or interpreter, or its repository still holds history.
        """
        command = ("bash", "-c", _PROGRAM.read_text(encoding="utf-8"), "prepare")
        container = Container(
            image_id,
            (*command, source.workdir, str(USER), self.activate),
            self.allowance,
            is_read_only=False,
            rights=_RIGHTS,
            labels={f"{LABEL}.run": "prepare", f"{LABEL}.instance": source.label},
        )
        started = StartedContainer(self.engine, container, f"prepare {source.label}")
        try:
            facts = _facts(started, source)
            return self._kept(started, facts, self.digest(identity, source.workdir), source)
        finally:
            started.end()

    def _kept(self, started: StartedContainer, facts: Prepared, digest: str, source: ImageSource) -> Prepared:
        plain = {k: v for k, v in asdict(facts).items() if k != "image"}
        labels = {_PREPARED: digest, SOURCE: source.image, _FACTS: canonical_json(plain), DRIVER: ""}
        conf = {"Labels": labels, "Cmd": ["/bin/sh"], "WorkingDir": source.workdir}
        with told(f"image {source.image}: keeping it prepared"):
            self.engine.api.commit(started.id, repository=REPOSITORY, tag=digest[:32], conf=conf)
            image_id = self.engine.api.inspect_image(f"{REPOSITORY}:{digest[:32]}")["Id"]
        return Prepared(image=image_id, **plain)


def _facts(started: StartedContainer, source: ImageSource) -> Prepared:
    what = f"image {source.image}: preparing {source.workdir}"
    try:
        printed = started.line.take_all(time.monotonic() + _TIMEOUT_S)
    except TimeoutError as error:
        raise EngineError(what, "timed out") from error
    state, words = started.last_state(), started.line.words
    parts = [item.partition("=") for item in printed.decode("utf-8", "surrogateescape").split("\0")[1:] if item]
    found = {name: value for name, _, value in parts}
    if "holder" not in found:
        if diagnose(words or state) is not UNKNOWN:
            raise EngineError(what, words or state)
        raise InfrastructureError(f"{what} failed: {' '.join(words.split())[-300:] or state}")
    if not found["holder"]:
        raise InfrastructureError(f"{what}: it has no Python from 3.9 on, which holds the session")
    if found["git"] != "one commit":
        raise InfrastructureError(f"{what}: its repository still holds more than the base commit: {found['git']}")
    env = {n.removeprefix("env:"): v for n, v in found.items() if n.startswith("env:")}
    kept = {n: v for n, v in env.items() if n not in _SHELLS_OWN and not n.startswith("BASH_FUNC_")}
    return Prepared("", found["git"], found["tree"], found["holder"], kept)
