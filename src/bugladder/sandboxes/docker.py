"""The sandbox `docker`: decides what a session in a container consists of, from an image or from an sdist."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bugladder.records import (
    BugladderError,
    Environment,
    Guest,
    ImageSource,
    InfrastructureError,
    SdistSource,
    canonical_json,
    sha256_text,
)
from bugladder.records.ranges import AtLeastOne, Positive, Seconds
from bugladder.sandboxes.containers.bundle import bundle, programs_digest, start_command
from bugladder.sandboxes.containers.containment import BASE, LABEL, Allowance, Container
from bugladder.sandboxes.containers.holder import ContainerHolder
from bugladder.sandboxes.containers.preparation import USER, Prepared
from bugladder.sandboxes.containers.pulling import ImageSettings
from bugladder.sandboxes.containers.runtime import Runtime, runtime_at
from bugladder.sandboxes.containers.session import DockerSession
from bugladder.sandboxes.containers.shown import Shown, accounts, guest_shown, interpreter, masked
from bugladder.sandboxes.environments import provision, provision_tools
from bugladder.sandboxes.session import Places, clean_env
from bugladder.sandboxes.trees import pack_overlay, packed_tree

_HOME, _TMP, _SCRATCH, _META, _TREE = (f"{BASE}/{name}" for name in ("home", "tmp", "scratch", "meta", "testbed"))
# Settings that decide no result.
_ASIDE = {"engine", "cache", "base_image", "open_timeout_s", "images"}


@dataclass(frozen=True)
class _Plan:
    """A container that is to hold a session, what its holder is told, and what the session then is."""

    container: Container
    is_our_python: bool
    setup: dict[bytes, bytes]
    places: Places
    enforcement: dict[str, str]


@dataclass(frozen=True)
class DockerSandbox:
    """Commands in containers without network and rights.

    An image's repository becomes one commit first, once, in an image of its own. An sdist is laid into base_image
    beside the environment that uv made here, so its engine has to run on this machine.

    Args:
        name: the plug's name.
        engine: the engine's URL; null for the one that DOCKER_HOST names, or the usual socket.
        cache: the project's cache folder.
        base_image: image in which sdists are opened: it has sh, tar and git.
        activate: bash command that activates an image's environment; where it fails the image's own variables hold.
        memory_mb: address space of one process, and private memory of all processes of a session together.
        processes: processes and threads of a session.
        cpus: processors that a session may use at once.
        cpu_s: CPU seconds of one process.
        file_mb: size of one file.
        disk_mb: all that a session may write; it is taken from memory, but for the repository of an image.
        open_timeout_s: bound on each request to the engine and on setting a session up; images aside.
        tool_requirements: pins that stand in a folder of their own (/tools), named by BUGLADDER_TOOLS inside.
        images: how images come and go.
    """

    name: str = "docker"
    engine: str | None = None
    cache: str = ".bugladder"
    base_image: str = "buildpack-deps:bookworm-scm"
    activate: str = "source /opt/miniconda3/bin/activate && conda activate testbed"
    memory_mb: AtLeastOne = 4096
    processes: AtLeastOne = 256
    cpus: Positive = 2.0
    cpu_s: AtLeastOne = 1800
    file_mb: AtLeastOne = 256
    disk_mb: AtLeastOne = 1024
    open_timeout_s: Seconds = 60.0
    tool_requirements: tuple[str, ...] = ("coverage==7.17.3",)
    images: ImageSettings = field(default_factory=ImageSettings)

    def open(self, environment: Environment, label: str, guest: Guest | None = None) -> DockerSession:
        """Unpack the environment's source and overlay into a fresh session; a guest's things are shown read-only.

        Raises:
            BugladderError: the source or the overlay is not what the environment says.
            InfrastructureError: the environment cannot be provided.
        """
        self._check(environment)
        runtime = self._runtime()
        runtime.sweep_once()
        with ExitStack() as held:
            plan = held.enter_context(self._planned(environment, guest, runtime))
            labels = {**plan.container.labels, **_labels(environment, label)}
            holder = ContainerHolder(runtime.engine, replace(plan.container, labels=labels), label)
            held.callback(holder.end)
            self._set_up(holder, plan)
            session = DockerSession(holder, plan.places, plan.enforcement, runtime, held.pop_all())
        if plan.enforcement["disk"] == "watch":
            session.watch_disk(self.disk_mb << 20)
        return session

    def digest(self, environment: Environment) -> str:
        """Digest of what `open` provides: environment, image, interpreter, limits that decide a result."""
        source, stock = environment.source, self._runtime().stock
        settings = {k: v for k, v in asdict(self).items() if k not in _ASIDE}
        made_of = [environment.digest, platform.machine(), settings, programs_digest()]
        if isinstance(source, ImageSource):
            made_of.append(stock.preparation.digest(stock.identity(source.image, source.digest), source.workdir))
        else:
            made_of.append([stock.identity(self.base_image), sys.version])
        return sha256_text(canonical_json(made_of))

    def held(self, environment: Environment) -> AbstractContextManager[object]:
        """Bring the environment's image, if it has one, and keep it meanwhile.

        Raises:
            InfrastructureError: it cannot be had.
        """
        source = environment.source
        return self._runtime().stock.held(source) if isinstance(source, ImageSource) else nullcontext()

    def _runtime(self) -> Runtime:
        return runtime_at(self.engine, self.open_timeout_s, Path(self.cache).resolve(), self.images, self.activate)

    def _check(self, environment: Environment) -> None:
        source = environment.source
        if environment.obstacle:
            raise BugladderError(f"{source.label}: {environment.obstacle}")
        if not isinstance(source, ImageSource | SdistSource):
            raise BugladderError(
                f"{source.label}: the docker sandbox opens images and sdists, not a source of kind {source.kind!r}"
            )
        ours = ".".join(platform.python_version_tuple()[:2])
        if isinstance(source, SdistSource) and environment.python != ours:
            raise BugladderError(
                f"{source.label}: environment needs Python {environment.python}, the docker sandbox shows {ours}"
            )
        if isinstance(source, ImageSource) and (environment.requirements or environment.setup):
            raise BugladderError(f"{source.label}: an image brings its own requirements and set-up; give none")

    def _planned(
        self, environment: Environment, guest: Guest | None, runtime: Runtime
    ) -> AbstractContextManager[_Plan]:
        source = environment.source
        if isinstance(source, ImageSource):
            return self._image_plan(environment, source, guest, runtime)
        if isinstance(source, SdistSource):
            return self._sdist_plan(environment, source, guest, runtime)
        raise BugladderError(f"{source.label}: kind {source.kind!r} cannot be opened")

    @contextmanager
    def _image_plan(
        self, environment: Environment, source: ImageSource, guest: Guest | None, runtime: Runtime
    ) -> Iterator[_Plan]:
        with runtime.stock.held(source) as prepared:
            tools, cache = self._tools()
            shown, hidden = guest_shown(guest, cache)
            container = self._container(prepared.image, prepared.holder, (*tools, *shown), hidden, is_read_only=False)
            places = Places(source.workdir, _SCRATCH, (), _image_env(prepared))
            setup = self._setup(environment, source.workdir, b"", b"")
            image = runtime.stock.identity(source.image, source.digest)
            yield _Plan(container, False, setup, places, _enforcement("watch", prepared.git, image))

    @contextmanager
    def _sdist_plan(
        self, environment: Environment, source: SdistSource, guest: Guest | None, runtime: Runtime
    ) -> Iterator[_Plan]:
        with runtime.stock.held_plain(self.base_image) as image:
            tools, cache = self._tools()
            tree, info = packed_tree(source, cache)
            folder = f"{source.name.replace('-', '_')}-{source.version}.dist-info"
            meta = pack_overlay({f"{folder}/METADATA": info}, source.label)
            python, prefix, hidden = interpreter(cache)
            env = (str(provision(environment.requirements, cache).resolve()), "/env")
            shown = {env, *tools, *prefix, *accounts(cache, USER, _HOME), *guest_shown(guest, cache)[0]}
            container = self._container(image, python, tuple(sorted(shown)), (*hidden, *masked()), is_read_only=True)
            variables = clean_env("/env/bin:/usr/local/bin:/usr/bin:/bin", _HOME, _TMP, "/tools")
            places = Places(_TREE, _SCRATCH, (_META,), variables)
            setup = self._setup(environment, _TREE, tree.read_bytes(), meta)
            identity = runtime.stock.identity(self.base_image)
            yield _Plan(container, True, setup, places, _enforcement("tmpfs", "none", identity))

    def _container(
        self,
        image: str,
        python: str,
        shown: Shown,
        hidden: tuple[str, ...],
        *,
        is_read_only: bool,
    ) -> Container:
        return Container(image, start_command(python), self._allowance(), shown, hidden, is_read_only)

    def _tools(self) -> tuple[Shown, Path]:
        cache = Path(self.cache).resolve()
        return ((str(provision_tools(self.tool_requirements, cache).resolve()), "/tools"),), cache

    def _setup(self, environment: Environment, root: str, tree: bytes, meta: bytes) -> dict[bytes, bytes]:
        overlay = pack_overlay(environment.overlay, environment.source.label)
        return {
            **self._allowance().fields(),
            b"base": BASE.encode(),
            b"root": root.encode(),
            b"uid": b"%d" % USER,
            b"tree": tree,
            b"meta": meta,
            b"overlay": overlay,
        }

    def _allowance(self) -> Allowance:
        memory, file, disk = self.memory_mb << 20, self.file_mb << 20, self.disk_mb << 20
        return Allowance(memory, self.processes, self.cpus, self.cpu_s, file, disk)

    def _set_up(self, holder: ContainerHolder, plan: _Plan) -> None:
        try:
            holder.line.send(bundle(is_ours=plan.is_our_python), self.open_timeout_s)
        except OSError as error:
            raise InfrastructureError(f"sandbox {holder.label}: its holder does not start: {error}") from error
        fields = [part for pair in plan.setup.items() for part in pair]
        holder.ask(fields, self.open_timeout_s)

    def expect(self, environments: Sequence[Environment]) -> None:
        """What will be opened, in this order, so that images come shortly before they are needed."""
        sources = [e.source for e in environments]
        self._runtime().stock.expect([s.image for s in sources if isinstance(s, ImageSource)])


def _labels(environment: Environment, label: str) -> dict[str, str]:
    return {
        f"{LABEL}.run": label,
        f"{LABEL}.phase": label.partition("@")[2],
        f"{LABEL}.instance": environment.source.label,
    }


def _image_env(prepared: Prepared) -> dict[str, str]:
    own = dict(prepared.env)
    return {**own, **clean_env(own.get("PATH", "/usr/local/bin:/usr/bin:/bin"), _HOME, _TMP, "/tools")}


def _enforcement(disk: str, git: str, image: str) -> dict[str, str]:
    return {
        "isolation": "closed",
        "network": "closed",
        "memory": "rlimit+cgroup",
        "processes": "cgroup",
        "cpu": "rlimit",
        "file_size": "rlimit",
        "disk": disk,
        "git": git,
        "image": image,
    }
