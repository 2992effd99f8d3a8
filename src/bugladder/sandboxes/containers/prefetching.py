"""Brings images a few ahead of their use, in a thread that never stands in the way of who needs one now."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from bugladder.records import BugladderError, ImageSource
from bugladder.sandboxes.containers.stock import Stock

_LOG = logging.getLogger(__name__)
_WAIT_S = 1.0


class Prefetcher:
    """One thread for a list of images to come; it ends with the list, or when it is told to."""

    def __init__(self, stock: Stock, sources: Mapping[str, ImageSource]) -> None:
        """Start, where anything is to be brought ahead at all; sources by reference."""
        self._stock, self._sources = stock, sources
        self._is_ended = threading.Event()
        self._failed: set[str] = set()
        if stock.settings.ahead and sources:
            threading.Thread(target=self._run, name="bugladder-images", daemon=True).start()

    def end(self) -> None:
        """Bring nothing more; what is being brought is finished by the engine."""
        self._is_ended.set()
        self._stock.demand.expect(())

    def _run(self) -> None:
        demand, ready = self._stock.demand, False
        while not self._is_ended.is_set() and not demand.is_over():
            names = [n for n in demand.ahead(self._stock.settings.ahead) if n not in self._failed]
            # all of them: an eviction may have taken one away again
            ready = all(self._is_brought(self._sources[n]) for n in names)
            demand.wait(_WAIT_S if ready else _WAIT_S / 4)

    def _is_brought(self, source: ImageSource) -> bool:
        if self._is_ended.is_set():
            return True
        try:
            return self._stock.bring_ahead(source)
        except BugladderError as error:
            # whoever needs it will try anew, and fail in the right place
            _LOG.debug("image %s could not be brought ahead: %s", source.image, error)
            self._failed.add(source.image)
            return True
