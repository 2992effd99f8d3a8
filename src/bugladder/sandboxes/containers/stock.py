"""Decides when images come: when they are needed or shortly before, one at a time, and within the budget."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bugladder.records import BugladderError, ImageSource
from bugladder.sandboxes.containers.demand import Demand
from bugladder.sandboxes.containers.engine import Engine
from bugladder.sandboxes.containers.identities import Identities
from bugladder.sandboxes.containers.ledger import Ledger
from bugladder.sandboxes.containers.preparation import Preparation, Prepared
from bugladder.sandboxes.containers.pulling import ImageSettings, Puller
from bugladder.sandboxes.containers.shelf import Shelf

_GB = 10**9
_WAIT_S = 1.0


class _NoRoomError(Exception):
    """Bringing ahead would need room that is needed sooner by others."""


@dataclass(frozen=True)
class Wants:
    """What a set of images would take.

    Args:
        missing: references of images that are not there.
        unprepared: references of images whose repository is not one commit yet.
        need_bytes: what all of it is thought to take, within the budget.
    """

    missing: tuple[str, ...]
    unprepared: tuple[str, ...]
    need_bytes: int


class Stock:
    """The images of one engine; shared by all sessions of a process and safe for threads."""

    def __init__(self, engine: Engine, settings: ImageSettings, ledger: Ledger, preparation: Preparation) -> None:
        """Nothing is asked or brought yet."""
        self.settings, self.preparation = settings, preparation
        self.demand = Demand()
        self.shelf = Shelf(engine, ledger, self.demand, preparation.trees)
        self.peak_bytes = 0
        self._ledger = ledger
        self._puller = Puller(engine, settings, ledger)
        self._identities = Identities(self._puller, ledger)
        self._bringing = threading.Lock()
        self._largest = {"missing": int(settings.assumed_gb * _GB), "prepared": int(settings.prepared_gb * _GB)}

    def identity(self, reference: str, pinned: str | None = None) -> str:
        """See Identities.of."""
        return self._identities.of(reference, pinned)

    @contextmanager
    def held(self, source: ImageSource) -> Iterator[tuple[str, Prepared]]:
        """The id of a source's image and its prepared repository, brought if need be and kept meanwhile.

        Raises:
            InfrastructureError: it cannot be had.
            BugladderError: it alone is above the budget.
        """
        with self.demand.used(source.image):
            yield self._found(source) or self._brought(source, is_ahead=False)

    @contextmanager
    def held_plain(self, reference: str) -> Iterator[str]:
        """The id of an image that is used as it is, brought if need be and kept meanwhile.

        Raises:
            InfrastructureError: it cannot be had.
        """
        with self.demand.used(reference):
            identity = self.identity(reference)
            found = self._identities.local(reference, identity)
            if found is None:
                with self._bringing:
                    found = self._pulled(reference, identity, is_ahead=False)
            yield found

    def bring_ahead(self, source: ImageSource) -> bool:
        """Bring an image before it is needed; False where there is no room that is not needed sooner.

        Raises:
            InfrastructureError: it cannot be had.
        """
        try:
            return bool(self._found(source) or self._brought(source, is_ahead=True))
        except _NoRoomError:
            return False

    def wants(self, sources: Sequence[ImageSource]) -> Wants:
        """What bringing these would take; asks the engine only, no registry.

        Raises:
            EngineError: the engine does not answer.
        """
        names = {s.image: s for s in sources}
        missing = [n for n in names if self._puller.local_id(n) is None]
        unprepared = [n for n in names if not self._is_prepared(names[n])]
        need = len(missing) * self._largest["missing"] + len(unprepared) * self._largest["prepared"]
        if self.settings.budget_gb is not None:
            need = min(need, int(self.settings.budget_gb * _GB))
        return Wants(tuple(missing), tuple(unprepared), need)

    def _is_prepared(self, source: ImageSource) -> bool:
        known = source.digest or self._ledger.read()["identities"].get(source.image)
        return known is not None and self.preparation.find(known, source.workdir) is not None

    def _found(self, source: ImageSource) -> tuple[str, Prepared] | None:
        identity = self.identity(source.image, source.digest)
        prepared = self.preparation.find(identity, source.workdir)
        image_id = self._identities.local(source.image, identity) if prepared is not None else None
        return (image_id, prepared) if prepared is not None and image_id is not None else None

    def _brought(self, source: ImageSource, *, is_ahead: bool) -> tuple[str, Prepared]:
        with self._bringing:
            identity = self.identity(source.image, source.digest)
            image_id = self._identities.local(source.image, identity)
            if image_id is None:
                image_id = self._pulled(source.image, identity, is_ahead=is_ahead)
            found = self.preparation.find(identity, source.workdir)
            if found is None:
                before = self._make_room(source.image, "prepared", is_ahead=is_ahead)
                with self._ledger.change() as known:
                    known["prepared"][self.preparation.folder(identity, source.workdir).name] = source.image
                found = self.preparation.make(source, image_id, identity)
                self._settle(source.image, "prepared", before)
            return image_id, found

    def _pulled(self, reference: str, identity: str, *, is_ahead: bool) -> str:
        before = self._make_room(reference, "missing", is_ahead=is_ahead)
        with self._ledger.change() as known:
            known["brought"][reference] = identity
        image_id = self._puller.pull(reference, identity)
        self._settle(reference, "missing", before)
        return image_id

    def _make_room(self, reference: str, kind: str, *, is_ahead: bool) -> int:
        """Evict until the largest thing of its kind would fit; the bytes that are in use then."""
        if self.settings.budget_gb is None:
            return 0
        budget = int(self.settings.budget_gb * _GB)
        while (used := self.shelf.used_bytes()) + self._largest[kind] > budget:
            if self.shelf.evict_one(reference, is_ahead=is_ahead):
                continue
            if is_ahead:
                raise _NoRoomError(reference)
            self._wait_for_others(reference)
        return used

    def _settle(self, reference: str, kind: str, before: int) -> None:
        """Learn from what has come how large things are; where it is more than was thought, others go."""
        if self.settings.budget_gb is None:
            return
        used = self.shelf.used_bytes()
        self.peak_bytes = max(self.peak_bytes, used)
        self._largest[kind] = max(self._largest[kind], used - before)
        while self.shelf.used_bytes() > int(self.settings.budget_gb * _GB):
            if not self.shelf.evict_one(reference, is_ahead=False):
                return

    def _wait_for_others(self, reference: str) -> None:
        others = [name for name in self.shelf.ours() if name != reference and self.demand.is_used(name)]
        if not others:
            need, budget = max(self._largest.values()) / _GB, self.settings.budget_gb
            raise BugladderError(
                f"image {reference}: sandbox.images.budget_gb is {budget:g} and one image takes about {need:.2g}; "
                "set it higher, or assumed_gb and prepared_gb lower"
            )
        # somebody whose image is half brought may be among them
        self._bringing.release()
        try:
            self.demand.wait(_WAIT_S)
        finally:
            self._bringing.acquire()
