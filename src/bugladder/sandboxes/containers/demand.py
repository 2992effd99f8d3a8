"""Knows which images are in use and which will be needed next: what decides who goes and who comes ahead."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Demand:
    """Images in use and to come, by reference; safe for threads. `changed` is told of everything."""

    def __init__(self) -> None:
        """Nothing is in use or expected."""
        self.changed = threading.Condition()
        self._users: Counter[str] = Counter()
        self._coming: list[str] = []

    def expect(self, references: Sequence[str]) -> None:
        """What will be needed, in this order; replaces what was expected before."""
        with self.changed:
            self._coming = list(references)
            self.changed.notify_all()

    @contextmanager
    def used(self, reference: str) -> Iterator[None]:
        """An image is in use; when nobody uses it any more it has been needed."""
        with self.changed:
            self._users[reference] += 1
        try:
            yield
        finally:
            with self.changed:
                self._users[reference] -= 1
                if not self._users[reference] and reference in self._coming:
                    self._coming.remove(reference)
                self.changed.notify_all()

    def is_used(self, reference: str) -> bool:
        """Whether anybody uses it now."""
        return self._users[reference] > 0

    def due(self, reference: str) -> int:
        """How many are needed before it; beyond all of them where it is not expected."""
        with self.changed:
            return self._coming.index(reference) if reference in self._coming else len(self._coming)

    def ahead(self, count: int) -> list[str]:
        """The next ones that nobody uses yet, at most count."""
        with self.changed:
            return [name for name in dict.fromkeys(self._coming) if not self._users[name]][:count]

    def is_over(self) -> bool:
        """Whether nothing more is expected."""
        return not self._coming

    def wait(self, seconds: float) -> None:
        """Wait for a change, or some time."""
        with self.changed:
            self.changed.wait(seconds)
