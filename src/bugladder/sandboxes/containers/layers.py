"""Decides how much disk a set of images takes: a layer that several share counts once, a foreign one not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Layers = Mapping[str, int]
"""Bytes by chain: a layer's digest together with those of all layers below it."""


def chains(diff_ids: Sequence[str]) -> list[str]:
    """The names of an image's layers, the lowest first; equal names are the same files on disk."""
    return ["|".join(diff_ids[: i + 1]) for i in range(len(diff_ids))]


def layers_of(diff_ids: Sequence[str], history: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Bytes of each layer of an image.

    Args:
        diff_ids: the layers' digests, the lowest first.
        history: the engine's history, the newest first; steps without a layer have size 0.

    Returns:
        bytes by chain; their sum is the image's size whatever stands in the history.
    """
    sizes = [int(step["Size"]) for step in reversed(history)]
    # some of the steps of size 0 are layers without a file; which of them decides no sum
    spare = len(sizes) - len(diff_ids)
    kept = []
    for size in sizes:
        if size == 0 and spare > 0:
            spare -= 1
        else:
            kept.append(size)
    names = chains(diff_ids)
    found = dict(zip(names, kept, strict=False))
    if len(kept) > len(names) and names:
        found[names[-1]] += sum(kept[len(names) :])
    return found


def taken(images: Iterable[Layers], foreign: frozenset[str] = frozenset()) -> int:
    """Bytes that images take together, without the layers that others hold anyway."""
    union: dict[str, int] = {}
    for image in images:
        union.update(image)
    return sum(size for chain, size in union.items() if chain not in foreign)
