"""Decides which images stand on the engine: brought when or shortly before they are needed, evicted under a budget."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from docker.errors import APIError, ImageNotFound

from bugladder.records import BugladderError, ImageSource, InfrastructureError
from bugladder.sandboxes.containers.engine import Engine, EngineError, told
from bugladder.sandboxes.containers.layers import Layers, chains, layers_of, taken
from bugladder.sandboxes.containers.ledger import Ledger
from bugladder.sandboxes.containers.preparation import REPOSITORY, Preparation, Prepared
from bugladder.sandboxes.containers.pulling import ImageSettings, Puller, split_reference

_GB = 10**9
_WAIT_S = 1.0


class Stock:
    """The images of one engine; shared by all sessions of a process and safe for threads."""

    def __init__(self, engine: Engine, settings: ImageSettings, ledger: Ledger, preparation: Preparation) -> None:
        """Nothing is asked or brought yet."""
        self.engine, self.settings, self.ledger, self.preparation = engine, settings, ledger, preparation
        self.puller = Puller(engine, settings, ledger)
        self.peak_bytes = 0
        self._users: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._bringing = threading.Lock()
        self._identities: dict[str, str] = {}
        self._coming: list[str] = []
        self._largest = {"missing": int(settings.assumed_gb * _GB), "prepared": int(settings.prepared_gb * _GB)}
        self._foreign: frozenset[str] | None = None

    def identity(self, reference: str, pinned: str | None = None) -> str:
        """What an image is, whether it is there or not: its digest in a registry, or its id where it has none.

        Raises:
            InfrastructureError: nobody can say.
        """
        if pinned is not None:
            return pinned
        if reference not in self._identities:
            self._identities[reference] = self._found_identity(reference)
        return self._identities[reference]

    def expect(self, references: Sequence[str]) -> None:
        """What will be needed, in this order: decides what is evicted first and what is brought ahead."""
        with self._changed:
            self._coming = list(references)

    @contextmanager
    def held(self, source: ImageSource) -> Iterator[Prepared]:
        """The prepared image of a source, brought if need be and kept meanwhile.

        Raises:
            InfrastructureError: it cannot be had.
            BugladderError: it alone is above the budget.
        """
        with self._used(source.image):
            identity = self.identity(source.image, source.digest)
            found = self.preparation.find(identity, source.workdir)
            yield found or self._brought(source, identity)

    @contextmanager
    def held_plain(self, reference: str) -> Iterator[str]:
        """The id of an image that is used as it is, brought if need be and kept meanwhile.

        Raises:
            InfrastructureError: it cannot be had.
        """
        with self._used(reference):
            found = self.puller.local_id(reference)
            if found is None:
                with self._bringing:
                    found = self._pulled(reference, self.identity(reference), self._must_wait)
            yield found

    def bring_ahead(self, source: ImageSource) -> bool:
        """Bring an image before it is needed, unless one would have to go that is needed sooner; True if it is there.

        Raises:
            InfrastructureError: it cannot be had.
        """
        identity = self.identity(source.image, source.digest)
        if self.preparation.find(identity, source.workdir) is not None:
            return True
        try:
            self._brought(source, identity, self._must_not_wait)
        except _NoRoomError:
            return False
        return True

    def used_bytes(self) -> int:
        """Disk that all images take which runs have brought or prepared."""
        ours = self._ours()
        return taken((layers for found in ours.values() for layers in found.values()), self._foreign_layers(ours))

    @contextmanager
    def _used(self, reference: str) -> Iterator[None]:
        with self._changed:
            self._users[reference] += 1
        try:
            yield
        finally:
            with self._changed:
                self._users[reference] -= 1
                if not self._users[reference] and reference in self._coming:
                    self._coming.remove(reference)
                self._changed.notify_all()

    def _brought(self, source: ImageSource, identity: str, no_room: Callable[[str], None] | None = None) -> Prepared:
        no_room = no_room or self._must_wait
        with self._bringing:
            found = self.preparation.find(identity, source.workdir)
            if found is not None:
                return found
            image_id = self._local(source.image, identity) or self._pulled(source.image, identity, no_room)
            before = self._make_room(source.image, "prepared", no_room)
            tag = self.preparation.tag(identity, source.workdir)
            with self.ledger.change() as known:
                known["prepared"][tag] = source.image
            prepared = self.preparation.make(source, image_id, identity)
            self._settle("prepared", before, source.image, no_room)
            return prepared

    def _pulled(self, reference: str, identity: str, no_room: Callable[[str], None]) -> str:
        before = self._make_room(reference, "missing", no_room)
        with self.ledger.change() as known:
            known["brought"][reference] = identity
        image_id = self.puller.pull(reference, identity)
        self._settle("missing", before, reference, no_room)
        return image_id

    def _local(self, reference: str, identity: str) -> str | None:
        """The id of the image of that name if it is the one that is meant."""
        found, image_id = self._local_identity(reference), self.puller.local_id(reference)
        if found in {None, identity} or f"id:{identity}" == found:
            return image_id
        if identity.startswith("id:"):
            raise InfrastructureError(f"image {reference}: another one has its name since this run began")
        return None

    def _found_identity(self, reference: str) -> str:
        if self.settings.pull == "always":
            return self._noted(reference, self.puller.registry_digest(reference))
        known = self.ledger.read()["identities"].get(reference)
        try:
            found = self._local_identity(reference)
        except EngineError:
            # without an engine what is stored can still be found
            if known is None:
                raise
            return str(known)
        return self._noted(reference, found or known or self.puller.registry_digest(reference))

    def _noted(self, reference: str, identity: str) -> str:
        if self.ledger.read()["identities"].get(reference) != identity:
            with self.ledger.change() as known:
                known["identities"][reference] = identity
        return identity

    def _local_identity(self, reference: str) -> str | None:
        with told(f"image {reference}"):
            try:
                found = self.engine.api.inspect_image(reference)
            except ImageNotFound:
                return None
        name, _ = split_reference(reference)
        pushed = [d.rpartition("@")[2] for d in found.get("RepoDigests") or () if d.rpartition("@")[0].endswith(name)]
        return pushed[0] if pushed else f"id:{found['Id']}"

    def _make_room(self, reference: str, kind: str, no_room: Callable[[str], None]) -> int:
        """Evict until the largest thing of its kind would fit; the bytes that are used then."""
        if self.settings.budget_gb is None:
            return 0
        budget = int(self.settings.budget_gb * _GB)
        while (used := self.used_bytes()) + self._largest[kind] > budget:
            if not self._evicted_one(reference):
                no_room(reference)
        return used

    def _settle(self, kind: str, before: int, reference: str, no_room: Callable[[str], None]) -> None:
        if self.settings.budget_gb is None:
            return
        used = self.used_bytes()
        self.peak_bytes = max(self.peak_bytes, used)
        self._largest[kind] = max(self._largest[kind], used - before)
        while self.used_bytes() > int(self.settings.budget_gb * _GB):
            if not self._evicted_one(reference):
                no_room(reference)

    def _must_wait(self, reference: str) -> None:
        with self._changed:
            others = [name for name, count in self._users.items() if count and name != reference]
            if not others:
                need, budget = max(self._largest.values()) / _GB, self.settings.budget_gb
                raise BugladderError(
                    f"image {reference}: sandbox.images.budget_gb is {budget:g}, and one image takes about {need:.2g}; "
                    "set it higher, or assumed_gb and prepared_gb lower"
                )
            self._changed.wait(_WAIT_S)

    def _must_not_wait(self, reference: str) -> None:
        raise _NoRoomError(reference)

    def _evicted_one(self, wanted: str) -> bool:
        """Evict the image that is needed last, the largest of those; False where none may go."""
        with self._changed:
            coming = self._coming
            due = {name: place for place, name in reversed(list(enumerate(coming)))}
            limit = due.get(wanted, len(coming))
            ours = self._ours()
            idle = [n for n in ours if not self._users[n] and n != wanted and due.get(n, len(coming)) >= limit]
            idle.sort(key=lambda n: (due.get(n, len(coming)), sum(sum(x.values()) for x in ours[n].values())))
        return any(self._evicted(name, list(ours[name])) for name in reversed(idle))

    def _evicted(self, reference: str, tags: list[str]) -> bool:
        # what was prepared stands on what was pulled
        for tag in sorted(tags, key=lambda t: not t.startswith(f"{REPOSITORY}:")):
            with told(f"image {reference}: removing it"):
                try:
                    self.engine.api.remove_image(tag)
                except ImageNotFound:
                    pass
                except APIError as error:
                    # in use by another driver
                    if error.status_code != 409:
                        raise
                    return False
            with self.ledger.change() as known:
                known["prepared"].pop(tag, None)
                known["brought"].pop(tag, None)
        return True

    def _ours(self) -> dict[str, dict[str, Layers]]:
        """Layers of what we brought or prepared, by reference and tag."""
        known = self.ledger.read()
        pairs = [*((name, name) for name in known["brought"]), *((n, tag) for tag, n in known["prepared"].items())]
        found: dict[str, dict[str, Layers]] = {}
        for reference, tag in pairs:
            layers = self._layers(tag)
            if layers is not None:
                found.setdefault(reference, {})[tag] = layers
        return found

    def _layers(self, tag: str) -> Layers | None:
        with told(f"image {tag}"):
            try:
                image = self.engine.api.inspect_image(tag)
                return layers_of(image["RootFS"].get("Layers") or (), self.engine.api.history(tag))
            except ImageNotFound:
                return None

    def _foreign_layers(self, ours: dict[str, dict[str, Any]]) -> frozenset[str]:
        """Layers of the images that were there before us; looked up once."""
        if self._foreign is None:
            own = {tag for tags in ours.values() for tag in tags}
            with told("docker: listing images"):
                images = self.engine.api.images()
                others = [i["Id"] for i in images if not own & set(i["RepoTags"] or ())]
                kept = [self.engine.api.inspect_image(i)["RootFS"].get("Layers") or () for i in others]
            self._foreign = frozenset(chain for layers in kept for chain in chains(layers))
        return self._foreign


class _NoRoomError(Exception):
    """Bringing ahead would need room that is in use."""
