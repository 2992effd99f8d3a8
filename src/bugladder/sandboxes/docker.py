"""The sandbox `docker`: sessions in containers, from official images or from sdists; images come and go by demand."""

from __future__ import annotations

import platform
import re
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
    InvalidInstanceError,
    SdistSource,
    canonical_json,
    sha256_text,
)
from bugladder.records.ranges import AtLeastOne, Positive, Seconds
from bugladder.sandboxes.containers.bundle import bundle, programs_digest
from bugladder.sandboxes.containers.containment import LABEL, Allowance
from bugladder.sandboxes.containers.holder import ContainerHolder
from bugladder.sandboxes.containers.plans import Plan, Planner
from bugladder.sandboxes.containers.prefetching import Prefetcher
from bugladder.sandboxes.containers.pulling import ImageSettings
from bugladder.sandboxes.containers.runtime import Runtime, runtime_at
from bugladder.sandboxes.containers.session import DockerSession

# Settings that decide no result.
_ASIDE = {"engine", "cache", "base_image", "open_timeout_s", "images"}
_GB = 10**9


@dataclass(frozen=True)
class DockerSandbox:
    """Commands in containers without network and rights.

    An image's repository becomes one commit first, once; each session gets a copy of it. An sdist is laid into
    base_image beside the environment that uv made here. Both are shown from this machine: the engine has to run on it.

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
        disk_mb: what a session may write, and as much again for the repository of an image; it is kept in memory.
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
    disk_mb: AtLeastOne = 2048
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
            plan = held.enter_context(self._planner().plan(environment, guest))
            container = replace(plan.container, labels=_labels(environment, label))
            holder = ContainerHolder(runtime.engine, container, label)
            held.callback(holder.end)
            self._set_up(holder, plan)
            return DockerSession(holder, plan.places, plan.enforcement, held.pop_all())

    def digest(self, environment: Environment) -> str:
        """Digest of what `open` provides: environment, image, interpreter, limits that decide a result."""
        settings = {k: v for k, v in asdict(self).items() if k not in _ASIDE}
        made_of = [environment.digest, platform.machine(), settings, programs_digest()]
        return sha256_text(canonical_json([*made_of, *self._planner().made_of(environment)]))

    def obstacle(self, environment: Environment) -> str:
        """Why `open` would refuse an environment, "" where nothing speaks against it; fetches and starts nothing."""
        try:
            self._check(environment)
            return self._image_obstacle(environment)
        except (BugladderError, InfrastructureError) as error:
            return str(error)

    def outlook(self, environments: Sequence[Environment]) -> str:
        """What opening these would bring and take, in a line; "" where everything is there.

        Raises:
            InfrastructureError: it cannot be brought, or there is no room for it.
        """
        runtime, sources = self._runtime(), _images(environments)
        wants = runtime.stock.wants(sources)
        if not wants.missing and not wants.unprepared:
            return ""
        if wants.missing and self.images.pull == "never":
            raise InfrastructureError(
                f"{len(wants.missing)} images are missing and sandbox.images.pull is never: {_some(wants.missing)}"
            )
        free = runtime.free_bytes()
        line = (
            f"images: {len(wants.missing)} of {len(sources)} are missing{_some(wants.missing, ': ')}, "
            f"{len(wants.unprepared)} to be prepared; about {wants.need_bytes / _GB:.1f} GB needed, "
            f"{'unknown' if free is None else f'{free / _GB:.1f} GB'} free"
        )
        if free is not None and wants.need_bytes > free:
            raise InfrastructureError(f"{line}; free some, or set sandbox.images.budget_gb")
        return line

    @contextmanager
    def stocked(self, environments: Sequence[Environment]) -> Iterator[list[int]]:
        """Know what will be opened, and bring images ahead of it meanwhile.

        Yields:
            the order in which to open them, as places in the list: images that share layers follow each other.
        """
        order = sorted(range(len(environments)), key=lambda i: _natural(environments[i].source.label))
        sources = {s.image: s for s in _images([environments[i] for i in order])}
        stock = self._runtime().stock
        stock.demand.expect(list(sources))
        prefetcher = Prefetcher(stock, sources)
        try:
            yield order
        finally:
            prefetcher.end()

    def kept(self, environment: Environment) -> AbstractContextManager[object]:
        """Whatever is brought for an environment meanwhile stays until the end."""
        source = environment.source
        return self._runtime().stock.demand.used(source.image) if isinstance(source, ImageSource) else nullcontext()

    def brought(self, environment: Environment) -> AbstractContextManager[object]:
        """Bring the environment's image, which may take long, and keep it meanwhile.

        Raises:
            InfrastructureError: it cannot be had.
        """
        source = environment.source
        return self._runtime().stock.held(source) if isinstance(source, ImageSource) else nullcontext()

    def _check(self, environment: Environment) -> None:
        source = environment.source
        if environment.obstacle:
            raise InvalidInstanceError(f"{source.label}: {environment.obstacle}")
        if isinstance(source, ImageSource) and (environment.requirements or environment.setup):
            raise BugladderError(f"{source.label}: an image brings its own requirements and set-up; give none")
        ours = ".".join(platform.python_version_tuple()[:2])
        if isinstance(source, SdistSource) and environment.python != ours:
            raise BugladderError(
                f"{source.label}: environment needs Python {environment.python}, the docker sandbox shows {ours}"
            )

    def _image_obstacle(self, environment: Environment) -> str:
        wants = self._runtime().stock.wants(_images([environment]))
        if wants.missing and self.images.pull == "never":
            return f"{wants.missing[0]}: no such image here, and sandbox.images.pull is never"
        return ""

    def _runtime(self) -> Runtime:
        return runtime_at(self.engine, self.open_timeout_s, Path(self.cache).resolve(), self.images, self.activate)

    def _planner(self) -> Planner:
        memory, file, disk = self.memory_mb << 20, self.file_mb << 20, self.disk_mb << 20
        allowance = Allowance(memory, self.processes, self.cpus, self.cpu_s, file, disk)
        cache = Path(self.cache).resolve()
        return Planner(self._runtime().stock, cache, self.base_image, self.tool_requirements, allowance)

    def _set_up(self, holder: ContainerHolder, plan: Plan) -> None:
        try:
            holder.line.send(bundle(is_ours=plan.is_our_python), self.open_timeout_s)
        except OSError as error:
            raise InfrastructureError(f"sandbox {holder.label}: its holder does not start: {error}") from error
        holder.ask([part for pair in plan.setup.items() for part in pair], self.open_timeout_s)


def _labels(environment: Environment, label: str) -> dict[str, str]:
    return {
        f"{LABEL}.run": label,
        f"{LABEL}.phase": label.partition("@")[2],
        f"{LABEL}.instance": environment.source.label,
    }


def _images(environments: Sequence[Environment]) -> list[ImageSource]:
    return list({e.source.label: e.source for e in environments if isinstance(e.source, ImageSource)}.values())


def _natural(name: str) -> list[tuple[int, str]]:
    """Numbers in a name by value: neighbours in a repository's numbering share an environment's layers."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _some(names: Sequence[str], lead: str = "") -> str:
    return f"{lead}{', '.join(names[:3])}{' ...' if len(names) > 3 else ''}" if names else ""
