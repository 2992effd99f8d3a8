"""Where an instance's repository comes from: a pinned sdist, a commit in a git mirror, or a container image."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from bugladder.records.encoding import to_plain, to_tuples
from bugladder.records.terms import BugladderError


@dataclass(frozen=True)
class SdistSource:
    """A source distribution on the package index, pinned by its hash."""

    kind: ClassVar[str] = "sdist"
    name: str
    version: str
    filename: str
    sha256: str

    @property
    def label(self) -> str:
        """What errors call it."""
        return f"{self.name}-{self.version}"


@dataclass(frozen=True)
class MirrorSource:
    """The tree of one commit, taken from a mirror that holds the future too: nothing else of it may be shown.

    Args:
        repo: "owner/name".
        commit: full hash of the base commit.
        mirrors: a folder of bare clones, or the URL in front of "owner/name.git"; where the commit is fetched is no
            part of what it is, so an environment's digest leaves it out.
    """

    kind: ClassVar[str] = "mirror"
    repo: str
    commit: str
    mirrors: str

    @property
    def label(self) -> str:
        """What errors call it."""
        return f"{self.repo}@{self.commit[:12]}"

    @property
    def places(self) -> tuple[str, ...]:
        """Where the mirror may stand, in the order to look; a URL has one."""
        base = self.mirrors.rstrip("/")
        if "://" in base:
            return (f"{base}/{self.repo}.git",)
        flat = self.repo.replace("/", "__")
        return tuple(f"{base}/{name}" for name in (f"{flat}.git", flat, f"{self.repo}.git", self.repo))


@dataclass(frozen=True)
class ImageSource:
    """A container image with the repository, at its base commit, and an interpreter in it.

    Args:
        image: its reference, as the engine takes it.
        repo: "owner/name".
        commit: full hash of the base commit.
        workdir: where the repository stands inside.
        digest: "sha256:..." where the image is pinned; what ran is recorded beside the results either way.
    """

    kind: ClassVar[str] = "image"
    image: str
    repo: str
    commit: str
    workdir: str = "/testbed"
    digest: str | None = None

    @property
    def label(self) -> str:
        """What errors call it."""
        return self.image


Source = SdistSource | MirrorSource | ImageSource
_KINDS: dict[str, type[Source]] = {c.kind: c for c in (SdistSource, MirrorSource, ImageSource)}


def source_to_plain(source: Source) -> dict[str, Any]:
    """A source as JSON-ready values with its kind; what stands at its default is left out."""
    plain = {f.name: getattr(source, f.name) for f in fields(source) if getattr(source, f.name) != f.default}
    return {"kind": source.kind, **to_plain(plain)}


def source_of_plain(raw: dict[str, Any]) -> Source:
    """Inverse of `source_to_plain`.

    Raises:
        BugladderError: the kind is unknown.
    """
    values = {k: to_tuples(v) for k, v in raw.items() if k != "kind"}
    if raw["kind"] not in _KINDS:
        raise BugladderError(f"environment source kind {raw['kind']!r} is unknown; known: {', '.join(sorted(_KINDS))}")
    return _KINDS[raw["kind"]](**values)
