"""Decides which of the images that runs have brought has to go: the one needed last, never a foreign one."""

from __future__ import annotations

from docker.errors import APIError, ImageNotFound

from bugladder.sandboxes.containers.demand import Demand
from bugladder.sandboxes.containers.engine import Engine, told
from bugladder.sandboxes.containers.layers import Layers, chains, layers_of, taken
from bugladder.sandboxes.containers.ledger import Ledger
from bugladder.sandboxes.containers.preparation import REPOSITORY


class Shelf:
    """The images that we have brought or prepared, on one engine."""

    def __init__(self, engine: Engine, ledger: Ledger, demand: Demand) -> None:
        """Nothing is asked yet."""
        self._engine, self._ledger, self._demand = engine, ledger, demand
        self._foreign: frozenset[str] | None = None

    def ours(self) -> dict[str, dict[str, Layers]]:
        """Layers of what we brought or prepared, by the image's reference and by tag.

        Raises:
            EngineError: the engine does not answer.
        """
        known = self._ledger.read()
        pairs = [*((name, name) for name in known["brought"]), *((n, tag) for tag, n in known["prepared"].items())]
        found: dict[str, dict[str, Layers]] = {}
        for reference, tag in pairs:
            layers = self._layers(tag)
            if layers is not None:
                found.setdefault(reference, {})[tag] = layers
        return found

    def used_bytes(self) -> int:
        """Disk that they take together, beyond what other images take anyway."""
        ours = self.ours()
        foreign = self._foreign_layers({tag for tags in ours.values() for tag in tags})
        return taken((layers for tags in ours.values() for layers in tags.values()), foreign)

    def evict_one(self, wanted: str, *, is_ahead: bool) -> bool:
        """Remove what is needed last, the largest of those; False where none may go.

        Args:
            wanted: what room is made for.
            is_ahead: nobody waits for it: what is needed sooner stays.
        """
        ours, due = self.ours(), self._demand.due
        idle = [name for name in ours if name != wanted and not self._demand.is_used(name)]
        if is_ahead:
            idle = [name for name in idle if due(name) > due(wanted)]
        idle.sort(key=lambda name: (due(name), taken(ours[name].values())), reverse=True)
        return any(self._removed(name, list(ours[name])) for name in idle)

    def _removed(self, reference: str, tags: list[str]) -> bool:
        # what was prepared stands on what was pulled
        for tag in sorted(tags, key=lambda t: not t.startswith(f"{REPOSITORY}:")):
            if not self._untagged(reference, tag):
                return False
            with self._ledger.change() as known:
                known["prepared"].pop(tag, None)
                known["brought"].pop(tag, None)
        return True

    def _untagged(self, reference: str, tag: str) -> bool:
        with told(f"image {reference}: removing it"):
            try:
                self._engine.api.remove_image(tag)
            except ImageNotFound:
                return True
            except APIError as error:
                # another driver has a container of it
                if error.status_code != 409:
                    raise
                return False
        return True

    def _layers(self, tag: str) -> Layers | None:
        with told(f"image {tag}"):
            try:
                image = self._engine.api.inspect_image(tag)
                return layers_of(image["RootFS"].get("Layers") or (), self._engine.api.history(tag))
            except ImageNotFound:
                return None

    def _foreign_layers(self, ours: set[str]) -> frozenset[str]:
        """Layers of images that are not ours; looked up once."""
        if self._foreign is None:
            with told("docker: listing images"):
                others = [i["Id"] for i in self._engine.api.images() if not ours & set(i["RepoTags"] or ())]
                kept = [self._engine.api.inspect_image(i)["RootFS"].get("Layers") or () for i in others]
            self._foreign = frozenset(chain for layers in kept for chain in chains(layers))
        return self._foreign
