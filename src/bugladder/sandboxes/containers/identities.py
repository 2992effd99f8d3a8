"""Decides what an image's name means, whether the image is there or not: results are kept by it."""

from __future__ import annotations

from docker.errors import ImageNotFound

from bugladder.records import InfrastructureError
from bugladder.sandboxes.containers.engine import EngineError, told
from bugladder.sandboxes.containers.ledger import Ledger
from bugladder.sandboxes.containers.pulling import Puller, split_reference


class Identities:
    """Digests of images: "sha256:..." in a registry, "id:sha256:..." for one that was built here."""

    def __init__(self, puller: Puller, ledger: Ledger) -> None:
        """Nothing is asked yet."""
        self._puller, self._ledger = puller, ledger
        self._known: dict[str, str] = {}

    def of(self, reference: str, pinned: str | None = None) -> str:
        """The one that holds for this whole process.

        Raises:
            InfrastructureError: nobody can say.
        """
        if pinned is not None:
            return pinned
        if reference not in self._known:
            self._known[reference] = self._found(reference)
        return self._known[reference]

    def local(self, reference: str, identity: str) -> str | None:
        """The id of the image of that name on the engine, if it is the one that is meant.

        Raises:
            InfrastructureError: it was built here, and another one has its name by now.
        """
        found, image_id = self._on_engine(reference)
        if found in {None, identity} or identity == image_id:
            return image_id
        if identity.startswith("id:"):
            raise InfrastructureError(f"image {reference}: another one has its name since this run began")
        return None

    def _found(self, reference: str) -> str:
        if self._puller.settings.pull == "always":
            return self._noted(reference, self._puller.registry_digest(reference))
        known = self._ledger.read()["identities"].get(reference)
        try:
            found, _ = self._on_engine(reference)
        except EngineError:
            # without an engine what is stored can still be found
            if known is None:
                raise
            return str(known)
        if found is None and known is not None and not known.startswith("id:"):
            found = known
        return self._noted(reference, found or self._puller.registry_digest(reference))

    def _noted(self, reference: str, identity: str) -> str:
        if self._ledger.read()["identities"].get(reference) != identity:
            with self._ledger.change() as known:
                known["identities"][reference] = identity
        return identity

    def _on_engine(self, reference: str) -> tuple[str | None, str | None]:
        with told(f"image {reference}"):
            try:
                found = self._puller.engine.api.inspect_image(reference)
            except ImageNotFound:
                return None, None
        name, _ = split_reference(reference)
        pairs = [digest.rpartition("@") for digest in found.get("RepoDigests") or ()]
        pushed = [digest for repository, _, digest in pairs if repository == name or repository.endswith(f"/{name}")]
        return (pushed[0] if pushed else f"id:{found['Id']}"), str(found["Id"])
