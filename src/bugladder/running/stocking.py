"""Tells a sandbox that has to bring its images what a batch will open, and what an item still needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bugladder.records.protocols import KeepsImages, Sandbox
from bugladder.running.items import WorkItem
from bugladder.running.trying import Work


@contextmanager
def stocked(sandbox: Sandbox | None, items: Sequence[WorkItem], label: str) -> Iterator[Sequence[WorkItem]]:
    """Items in the order in which the sandbox would rather open them; prints what it lacks before the first one.

    Raises:
        InfrastructureError: what they need cannot be brought, or there is no room for it.
    """
    environments = [item.environment for item in items if item.environment is not None]
    if not isinstance(sandbox, KeepsImages) or len(environments) < len(items):
        yield items
        return
    line = sandbox.outlook(environments)
    if line:
        print(f"{label}: {line}", flush=True)
    with sandbox.stocked(environments) as order:
        yield [items[place] for place in order]


def keeping(sandbox: Sandbox | None, work: Work) -> Work:
    """The same work, during all of which what was brought for its item stays."""
    if not isinstance(sandbox, KeepsImages):
        return work

    def kept(item: WorkItem) -> dict[str, Any]:
        if item.environment is None:
            return work(item)
        with sandbox.kept(item.environment):
            return work(item)

    return kept
