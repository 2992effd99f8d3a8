"""Decides which of the images that runs have brought has to go: the one needed last, never a foreign one."""

from __future__ import annotations

import shutil
from pathlib import Path

from docker.errors import APIError, ImageNotFound

from bugladder.sandboxes.containers.demand import Demand
from bugladder.sandboxes.containers.engine import Engine, told
from bugladder.sandboxes.containers.layers import Layers, chains, layers_of, taken
from bugladder.sandboxes.containers.ledger import Ledger


class Shelf:
    """The images that we have brought or prepared, on one engine."""

    def __init__(self, engine: Engine, ledger: Ledger, demand: Demand, trees: Path) -> None:
        """Nothing is asked yet; trees holds the prepared repositories."""
        self._engine, self._ledger, self._demand, self._trees = engine, ledger, demand, trees
        self._foreign: frozenset[str] | None = None

    def ours(self) -> dict[str, list[Layers]]:
        """Layers of the images that we brought and sizes of the repositories that we prepared, by the reference.

        Raises:
            EngineError: the engine does not answer.
        """
        known = self._ledger.read()
        found: dict[str, list[Layers]] = {}
        for reference in known["brought"]:
            layers = self._layers(reference)
            if layers is not None:
                found.setdefault(reference, []).append(layers)
        for name, reference in known["prepared"].items():
            tree = self._trees / name / "tree.tar"
            if tree.is_file():
                found.setdefault(reference, []).append({str(tree): tree.stat().st_size})
        return found

    def used_bytes(self) -> int:
        """Disk that they take together, beyond what other images take anyway."""
        ours = self.ours()
        return taken((part for parts in ours.values() for part in parts), self._foreign_layers(set(ours)))

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
        idle.sort(key=lambda name: (due(name), taken(ours[name])), reverse=True)
        return any(self._removed(name) for name in idle)

    def _removed(self, reference: str) -> bool:
        known = self._ledger.read()
        if reference in known["brought"] and not self._is_gone(reference):
            return False
        names = [name for name, of in known["prepared"].items() if of == reference]
        for name in names:
            shutil.rmtree(self._trees / name, ignore_errors=True)
        with self._ledger.change() as changed:
            changed["brought"].pop(reference, None)
            for name in names:
                changed["prepared"].pop(name, None)
        return True

    def _is_gone(self, reference: str) -> bool:
        with told(f"image {reference}: removing it"):
            try:
                self._engine.api.remove_image(reference)
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
