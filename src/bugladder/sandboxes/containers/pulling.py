"""Decides when an image is pulled: by the policy, not above the limit, and again after a pause where it is refused."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from docker.errors import ImageNotFound
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from bugladder.records import InfrastructureError
from bugladder.records.ranges import AtLeastOne, Count, DelaySeconds, Seconds
from bugladder.sandboxes.containers.engine import Engine, EngineError, told
from bugladder.sandboxes.containers.ledger import Ledger

_PASSING = ("rate_limit",)
_PULL_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class ImageSettings:
    """How images come and go; none of it changes a result.

    Args:
        pull: never, missing (only what is not there), or always (what a name means is asked anew in each run).
        pulls: most pulls within window_h hours, of all runs that share the cache; registries count them too.
        window_h: hours.
        patience_s: how long one pull is tried again while the registry refuses or is away.
        base_delay_s: bound of the random wait after the first refusal, doubled after each further one.
        max_delay_s: upper bound of one such wait.
        budget_gb: most disk for the images that runs have brought (10^9 bytes); null for no bound.
        ahead: images that are brought before they are needed.
        assumed_gb: what a missing image is thought to add, until a larger one has been seen.
        prepared_gb: what preparing an image is thought to add, likewise.
    """

    pull: Literal["never", "missing", "always"] = "missing"
    pulls: AtLeastOne = 90
    window_h: Seconds = 6.0
    patience_s: DelaySeconds = 1800.0
    base_delay_s: DelaySeconds = 5.0
    max_delay_s: DelaySeconds = 300.0
    budget_gb: Seconds | None = None
    ahead: Count = 1
    assumed_gb: DelaySeconds = 3.0
    prepared_gb: DelaySeconds = 0.3


@dataclass(frozen=True)
class Puller:
    """Brings one image at a time."""

    engine: Engine
    settings: ImageSettings
    ledger: Ledger

    def local_id(self, reference: str) -> str | None:
        """The id of an image that is there.

        Raises:
            EngineError: the engine does not answer.
        """
        with told(f"image {reference}"):
            try:
                return str(self.engine.api.inspect_image(reference)["Id"])
            except ImageNotFound:
                return None

    def registry_digest(self, reference: str) -> str:
        """What a name means in its registry, without pulling it.

        Raises:
            InfrastructureError: the registry does not know it or cannot be reached, or nothing may be pulled.
        """
        self._refuse_never(reference)
        return str(self._patiently(self._asked, reference))

    def pull(self, reference: str, identity: str | None) -> str:
        """Pull an image, by its digest where one is known, and give it its name; returns its id.

        Raises:
            InfrastructureError: it may not or cannot be pulled.
        """
        self._refuse_never(reference)
        self._patiently(self._pulled, reference, identity)
        found = self.local_id(reference)
        if found is None:
            raise InfrastructureError(f"image {reference}: pulled, but the engine does not have it")
        return found

    def _refuse_never(self, reference: str) -> None:
        if self.settings.pull == "never":
            raise EngineError(f"image {reference}", "no such image, and sandbox.images.pull is never")

    def _patiently(self, work: object, *args: object) -> object:
        settings = self.settings
        retrying = Retrying(
            retry=retry_if_exception(lambda e: isinstance(e, EngineError) and e.rule.name in _PASSING),
            wait=wait_random_exponential(settings.base_delay_s, settings.max_delay_s),
            stop=stop_after_delay(settings.patience_s),
            reraise=True,
        )
        return retrying(work, *args)  # type: ignore[arg-type]

    def _asked(self, reference: str) -> str:
        with told(f"image {reference}: asking its registry"):
            return str(self.engine.api.inspect_distribution(reference)["Descriptor"]["digest"])

    def _pulled(self, reference: str, identity: str | None) -> None:
        self._count(reference)
        name, tag = split_reference(reference)
        what = f"image {reference}: pulling it"
        by_digest = identity is not None and identity.startswith("sha256:")
        with told(what):
            events = self.engine.api.pull(name, tag=identity if by_digest else tag, stream=True, decode=True)
            started = time.monotonic()
            for event in events:
                if "error" in event:
                    raise EngineError(what, event["error"])
                if time.monotonic() - started > _PULL_TIMEOUT_S:
                    raise EngineError(what, "timed out")
            if by_digest and "@" not in reference:
                self.engine.api.tag(f"{name}@{identity}", name, tag)

    def _count(self, reference: str) -> None:
        now, window_s = time.time(), self.settings.window_h * 3600
        with self.ledger.change() as found:
            found["pulls"] = [at for at in found["pulls"] if at > now - window_s]
            if len(found["pulls"]) >= self.settings.pulls:
                free_s = found["pulls"][0] + window_s - now
                raise InfrastructureError(
                    f"image {reference}: {len(found['pulls'])} pulls in {self.settings.window_h:g} h are made already "
                    f"(sandbox.images.pulls); the next one is free in {free_s / 60:.0f} minutes"
                )
            found["pulls"].append(now)


def split_reference(reference: str) -> tuple[str, str]:
    """Name and tag (or digest) of a reference; without one the tag is latest.

    >>> split_reference("localhost:5000/a/b")
    ('localhost:5000/a/b', 'latest')
    """
    if "@" in reference:
        name, _, digest = reference.partition("@")
        return name, digest
    head, _, last = reference.rpartition("/")
    last, _, tag = last.partition(":")
    return (f"{head}/{last}" if head else last), tag or "latest"
