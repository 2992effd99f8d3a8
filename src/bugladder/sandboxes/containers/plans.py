"""Decides what a session's container consists of: an image's own repository, or an sdist beside a shown environment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bugladder.records import BugladderError, Environment, Guest, ImageSource, SdistSource
from bugladder.sandboxes.containers.bundle import start_command
from bugladder.sandboxes.containers.containment import BASE, USER, Allowance, Container
from bugladder.sandboxes.containers.preparation import Prepared
from bugladder.sandboxes.containers.shown import account_files, accounts, guest_shown, interpreter, masked
from bugladder.sandboxes.containers.stock import Stock
from bugladder.sandboxes.environments import provision, provision_tools
from bugladder.sandboxes.session import Places, clean_env
from bugladder.sandboxes.trees import pack_overlay, packed_tree

_HOME, _TMP, _SCRATCH, _META, _TREE = (f"{BASE}/{name}" for name in ("home", "tmp", "scratch", "meta", "testbed"))
_ARCHIVE = "/run/tree.tar"
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Plan:
    """A container that is to hold a session, what its holder is told, and what the session then is."""

    container: Container
    is_our_python: bool
    setup: dict[bytes, bytes]
    places: Places
    enforcement: dict[str, str]


@dataclass(frozen=True)
class Planner:
    """Plans sessions.

    Args:
        stock: the engine's images.
        cache: the project's cache folder, absolute.
        base_image: reference of the image in which sdists are opened.
        tool_requirements: pins of the tools' folder.
        allowance: bounds of a session.
    """

    stock: Stock
    cache: Path
    base_image: str
    tool_requirements: tuple[str, ...]
    allowance: Allowance

    def plan(self, environment: Environment, guest: Guest | None) -> AbstractContextManager[Plan]:
        """The plan of a session; what it needs is kept until the end of the context.

        Raises:
            BugladderError: the source or the overlay is not what the environment says.
            InfrastructureError: what is needed cannot be had.
        """
        source = environment.source
        if isinstance(source, ImageSource):
            return self._of_image(environment, source, guest)
        if isinstance(source, SdistSource):
            return self._of_sdist(environment, source, guest)
        raise BugladderError(
            f"{source.label}: the docker sandbox opens images and sdists, not a source of kind {source.kind!r}"
        )

    def made_of(self, environment: Environment) -> list[Any]:
        """What a plan depends on beside the environment's record and the settings, JSON-ready.

        Raises:
            InfrastructureError: an image that is not there, and that no registry knows.
        """
        source = environment.source
        if isinstance(source, ImageSource):
            identity = self.stock.identity(source.image, source.digest)
            return [self.stock.preparation.digest(identity, source.workdir)]
        return [self.stock.identity(self.base_image), sys.version]

    @contextmanager
    def _of_image(self, environment: Environment, source: ImageSource, guest: Guest | None) -> Iterator[Plan]:
        with self.stock.held(source) as (image, prepared):
            shown, hidden = guest_shown(guest, self.cache)
            container = Container(
                image,
                start_command(prepared.holder),
                self.allowance,
                shown=(
                    self._tools(),
                    (str(prepared.folder / "tree.tar"), _ARCHIVE),
                    *account_files(prepared.folder),
                    *shown,
                ),
                hidden=hidden,
                repository=source.workdir,
            )
            places = Places(source.workdir, _SCRATCH, (), _image_env(prepared))
            setup = {**self._setup(environment, source.workdir, b"", b""), b"archive": _ARCHIVE.encode()}
            identity = self.stock.identity(source.image, source.digest)
            yield Plan(container, False, setup, places, _enforcement(identity))

    @contextmanager
    def _of_sdist(self, environment: Environment, source: SdistSource, guest: Guest | None) -> Iterator[Plan]:
        with self.stock.held_plain(self.base_image) as image:
            python, prefix, hidden = interpreter(self.cache)
            env = (str(provision(environment.requirements, self.cache).resolve()), "/env")
            users = accounts(self.cache, USER, _HOME)
            shown = {env, self._tools(), *prefix, *users, *guest_shown(guest, self.cache)[0]}
            container = Container(
                image, start_command(python), self.allowance, shown=tuple(sorted(shown)), hidden=(*hidden, *masked())
            )
            variables = clean_env(f"/env/bin:{_SYSTEM_PATH}", _HOME, _TMP, "/tools")
            setup = self._setup(environment, _TREE, *self._packed(source))
            identity = self.stock.identity(self.base_image)
            places = Places(_TREE, _SCRATCH, (_META,), variables)
            yield Plan(container, True, setup, places, _enforcement(identity))

    def _packed(self, source: SdistSource) -> tuple[bytes, bytes]:
        tree, info = packed_tree(source, self.cache)
        folder = f"{source.name.replace('-', '_')}-{source.version}.dist-info"
        return tree.read_bytes(), pack_overlay({f"{folder}/METADATA": info}, source.label)

    def _tools(self) -> tuple[str, str]:
        return str(provision_tools(self.tool_requirements, self.cache).resolve()), "/tools"

    def _setup(self, environment: Environment, root: str, tree: bytes, meta: bytes) -> dict[bytes, bytes]:
        return {
            **self.allowance.fields(),
            b"base": BASE.encode(),
            b"root": root.encode(),
            b"uid": b"%d" % USER,
            b"archive": b"",
            b"tree": tree,
            b"meta": meta,
            b"overlay": pack_overlay(environment.overlay, environment.source.label),
        }


def _image_env(prepared: Prepared) -> dict[str, str]:
    own = dict(prepared.env)
    return {**own, **clean_env(own.get("PATH", _SYSTEM_PATH), _HOME, _TMP, "/tools")}


def _enforcement(image: str) -> dict[str, str]:
    return {
        "isolation": "closed",
        "network": "closed",
        "memory": "rlimit+cgroup",
        "processes": "cgroup",
        "cpu": "rlimit",
        "file_size": "rlimit",
        "disk": "tmpfs",
        "image": image,
    }
