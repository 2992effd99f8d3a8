"""The sandbox `local`: decides what a session sees and may use; closed where the kernel gives namespaces."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from bugladder.records import (
    BugladderError,
    Environment,
    Guest,
    InfrastructureError,
    InvalidInstanceError,
    MirrorSource,
    SdistSource,
    canonical_json,
    sha256_text,
)
from bugladder.records.ranges import AtLeastOne, Seconds
from bugladder.records.setup_steps import EditableInstall
from bugladder.sandboxes.checkouts import Checkout, Members, packed_checkout
from bugladder.sandboxes.environments import provision, provision_tools
from bugladder.sandboxes.installing import install_editable
from bugladder.sandboxes.session import Holder, LocalSession, NamespacesMissingError, clean_env, joined
from bugladder.sandboxes.setup_files import programs_digest
from bugladder.sandboxes.sights import masked, shown_guest, shown_system
from bugladder.sandboxes.trees import pack_overlay, packed_tree, write_whole
from bugladder.sources.mirrors import has_commit


@dataclass(frozen=True)
class LocalSandbox:
    """Commands under the kernel's own fences, without a server.

    Args:
        name: the plug's name.
        cache: the project's cache folder (sdists/, envs/, tmp/); relative to the current folder.
        memory_mb: address space of one process, and private memory of all processes of a session together.
        processes: processes and threads of a session.
        cpu_s: CPU seconds of one process.
        file_mb: size of one file.
        disk_mb: all that a session may write.
        open_timeout_s: bound on setting a session up, provisioning aside.
        tool_requirements: pins that stand in a folder of their own (/tools), named by BUGLADDER_TOOLS inside,
            for solvers' programs; on no path by default.
        allow_open: run without namespaces where the machine gives none (recorded as isolation: open).
        force_open: never use namespaces.
    """

    name: str = "local"
    cache: str = ".bugladder"
    memory_mb: AtLeastOne = 2048
    processes: AtLeastOne = 256
    cpu_s: AtLeastOne = 300
    file_mb: AtLeastOne = 64
    disk_mb: AtLeastOne = 512
    open_timeout_s: Seconds = 60.0
    tool_requirements: tuple[str, ...] = ("coverage==7.17.3",)
    allow_open: bool = True
    force_open: bool = False

    def open(self, environment: Environment, label: str, guest: Guest | None = None) -> LocalSession:
        """Unpack the environment's source and overlay into a fresh session; an open one shows nothing of a guest.

        Raises:
            BugladderError: the source or the overlay is not what the environment says.
            InvalidInstanceError: an obstacle is known, or the environment needs another interpreter.
            InfrastructureError: the environment cannot be provided.
        """
        self._check(environment)
        cache = Path(self.cache).resolve()
        try:
            return self._open(environment, label, cache, guest)
        except OSError as error:
            raise InfrastructureError(f"sandbox {label}: cache {cache} cannot be used: {error.strerror}") from error

    def obstacle(self, environment: Environment) -> str:
        """Why `open` would refuse an environment, "" where nothing speaks against it; fetches and starts nothing."""
        source = environment.source
        try:
            self._check(environment)
            if isinstance(source, MirrorSource) and not has_commit(source):
                return f"{source.label}: the mirror lacks this commit; fetch it anew"
        except (BugladderError, InfrastructureError) as error:
            return str(error)
        return ""

    def digest(self, environment: Environment) -> str:
        """Digest of what `open` provides: environment, interpreter, machine kind, limits that decide a result."""
        settings = {k: v for k, v in asdict(self).items() if k not in {"cache", "open_timeout_s", "allow_open"}}
        programs = [programs_digest()] if environment.setup else []
        made_of = [environment.digest, sys.version, platform.machine(), settings, *programs]
        return sha256_text(canonical_json(made_of))

    def _open(self, environment: Environment, label: str, cache: Path, guest: Guest | None) -> LocalSession:
        return self._session(self._tree(environment, cache), environment.requirements, label, cache, guest)

    def _session(
        self,
        tree: dict[bytes, bytes],
        requirements: tuple[str, ...],
        label: str,
        cache: Path,
        guest: Guest | None = None,
    ) -> LocalSession:
        setup = {**tree, **self._limits()}
        env_path = provision(requirements, cache).resolve()
        tools_path = provision_tools(self.tool_requirements, cache).resolve()
        if self.force_open or not namespaces_are_there(str(cache)):
            return self._open_on_disk(setup, (env_path, tools_path), label, cache)
        shown = (*shown_system(), f"{env_path}\t/env", f"{tools_path}\t/tools", *shown_guest(guest, cache))
        setup |= {b"mode": b"closed", b"shown": joined(shown), b"masked": joined(masked())}
        holder, answer = _started(cache, label, setup, self.open_timeout_s)
        enforcement = _enforcement("closed", answer[1].decode(), disk="tmpfs")
        return LocalSession(holder, None, _env("/env", "/tools", ""), enforcement)

    def _open_on_disk(
        self, setup: dict[bytes, bytes], paths: tuple[Path, Path], label: str, cache: Path
    ) -> LocalSession:
        if not self.allow_open:
            raise InfrastructureError(
                f"sandbox {label}: no namespaces here and allow_open is false; "
                "allow user namespaces, run as root, or set sandbox.allow_open: true"
            )
        (cache / "tmp").mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"session-{_plain(label)}-", dir=cache / "tmp"))
        setup |= {b"mode": b"open", b"folder": os.fsencode(folder)}
        holder, answer = _started(cache, label, setup, self.open_timeout_s)
        env = _env(str(paths[0]), str(paths[1]), str(folder))
        return LocalSession(holder, folder, env, _enforcement("open", answer[1].decode(), disk="open"))

    def _check(self, environment: Environment) -> None:
        source = environment.source
        if environment.obstacle:
            raise InvalidInstanceError(f"{source.label}: {environment.obstacle}")
        if not isinstance(source, MirrorSource | SdistSource):
            raise BugladderError(
                f"{source.label}: the local sandbox opens sdists and mirrors, not a source of kind {source.kind!r}"
            )
        ours = ".".join(platform.python_version_tuple()[:2])
        if environment.python != ours:
            needed = f"environment needs Python {environment.python}, the local sandbox has {ours}"
            raise InvalidInstanceError(f"{source.label}: {needed}")

    def _tree(self, environment: Environment, cache: Path) -> dict[bytes, bytes]:
        source = environment.source
        if isinstance(source, MirrorSource):
            return self._mirrored(environment, cache)
        if not isinstance(source, SdistSource):
            raise BugladderError(f"{source.label}: an image is nothing to be laid out")
        tree, info = packed_tree(source, cache)
        what = source.label
        folder = f"{source.name.replace('-', '_')}-{source.version}.dist-info"
        return {
            b"tree": os.fsencode(tree.resolve()),
            b"meta": pack_overlay({f"{folder}/METADATA": info}, what),
            b"overlay": pack_overlay(environment.overlay, what),
        }

    def _mirrored(self, environment: Environment, cache: Path) -> dict[bytes, bytes]:
        what = environment.source.label

        def install(step: EditableInstall, checkout: Checkout) -> tuple[Members, Members]:
            session = self._session(_laid(checkout, b""), environment.requirements, f"setup-{what}", cache)
            try:
                return install_editable(session, step, what)
            finally:
                session.close()

        return _laid(packed_checkout(environment, cache, install), pack_overlay(environment.overlay, what))

    def _limits(self) -> dict[bytes, bytes]:
        return {
            b"memory_bytes": b"%d" % (self.memory_mb << 20),
            b"processes": b"%d" % self.processes,
            b"cpu_s": b"%d" % self.cpu_s,
            b"file_bytes": b"%d" % (self.file_mb << 20),
            b"disk_bytes": b"%d" % (self.disk_mb << 20),
        }


def _laid(checkout: Checkout, overlay: bytes) -> dict[bytes, bytes]:
    tree = os.fsencode(checkout.tree.resolve())
    return {b"tree": tree, b"meta": checkout.meta.read_bytes(), b"overlay": overlay}


@lru_cache(maxsize=8)
def namespaces_are_there(cache: str) -> bool:
    """Whether a session can be closed on this machine; found out once per process by opening an empty one."""
    sandbox = LocalSandbox(cache=cache)
    empty = Path(cache) / "tmp" / "empty.pack"
    write_whole(empty, b"")
    setup = {b"tree": os.fsencode(empty), b"meta": b"", b"overlay": b"", **sandbox._limits()}  # noqa: SLF001
    setup |= {b"mode": b"closed", b"shown": joined(shown_system()), b"masked": joined(masked())}
    try:
        holder, _ = _started(Path(cache), "probe", setup, sandbox.open_timeout_s)
    except NamespacesMissingError:
        return False
    holder.end()
    return True


def _started(cache: Path, label: str, setup: dict[bytes, bytes], timeout_s: float) -> tuple[Holder, list[bytes]]:
    holder = Holder(cache, f"bugladder-{_plain(label)}")
    return holder, holder.ask([part for pair in setup.items() for part in pair], timeout_s)


def _plain(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", label)[:80]


def _env(env_path: str, tools_path: str, base: str) -> dict[str, str]:
    path = f"{env_path}/bin:/usr/local/bin:/usr/bin:/bin"
    return clean_env(path, f"{base}/home/solver", f"{base}/tmp", tools_path)  # noqa: S108 - inside, where it is private


def _enforcement(isolation: str, processes: str, disk: str) -> dict[str, str]:
    return {
        "isolation": isolation,
        "network": isolation,
        "memory": "rlimit+watch",
        "processes": processes,
        "cpu": "rlimit",
        "file_size": "rlimit",
        "disk": disk,
    }
