"""Decides what a machine and a configuration lack for a phase: memory, disk, processors, keys, prices, budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bugladder.records.prices import PriceTable


@dataclass(frozen=True)
class Machine:
    """What a machine offers now: processors, MB of memory that are available and of disk that are free."""

    cpus: int
    memory_mb: int
    disk_mb: int


@dataclass(frozen=True)
class Needs:
    """What a phase may take at its worst; None where a sandbox sets no limit.

    Args:
        workers: instances in flight, each with a sandbox of its own.
        slots: commands at once.
        memory_mb: of one sandbox at work.
        disk_mb: of one open sandbox.
    """

    workers: int
    slots: int
    memory_mb: int | None
    disk_mb: int | None


def machine_lacks(needs: Needs, machine: Machine) -> list[str]:
    """One sentence per lack, with what would be enough."""
    found = []
    at_once = min(needs.workers, needs.slots)
    if needs.memory_mb is not None and at_once * needs.memory_mb > machine.memory_mb:
        enough = max(1, machine.memory_mb // needs.memory_mb)
        taken = f"{at_once} sandboxes at work may take {at_once * needs.memory_mb:,} MB"
        found.append(f"memory: {taken}, {machine.memory_mb:,} MB are available; sandbox.slots={enough} would fit")
    if needs.disk_mb is not None and needs.workers * needs.disk_mb > machine.disk_mb:
        taken = f"{needs.workers} open sandboxes may take {needs.workers * needs.disk_mb:,} MB"
        found.append(f"disk: {taken}, {machine.disk_mb:,} MB are free")
    if at_once > machine.cpus:
        fair = f"sandbox.slots={machine.cpus} keeps time limits fair"
        found.append(f"processors: {at_once} commands at once on {machine.cpus}; {fair}")
    return found


def model_lacks(model: Mapping[str, Any], prices: PriceTable, environment: Mapping[str, str]) -> list[str]:
    """Keys that are not set and models without a price; values of `environment` are looked at for emptiness only."""
    found = []
    for node in model_nodes(model):
        variable = node.get("api_key_env")
        if variable and not environment.get(variable):
            found.append(f"key: {variable} is not set, and model {node['model']} needs it")
        if node["model"] not in prices.models and not prices.allow_unpriced:
            found.append(f"price: {node['model']} has none in conf/prices")
    return list(dict.fromkeys(found))


def model_nodes(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of a model's configuration that name a model of a server; none where no model is asked."""
    own = [model] if isinstance(model.get("model"), str) else []
    return own + [node for part in model.values() if isinstance(part, Mapping) for node in model_nodes(part)]


def budget_lacks(usd: Mapping[str, Any], budget_usd: float) -> list[str]:
    """Whether the expected USD, or the upper end of its interval, is above the phase's budget."""
    expected, high = usd["expected"], usd["high"]
    if expected is not None and expected > budget_usd:
        return [
            f"budget: ${expected:,.2f} are expected and phase.budget_usd is ${budget_usd:,.2f}: the phase would pause"
        ]
    if high is not None and high > budget_usd:
        return [
            f"budget: up to ${high:,.2f} are likely and phase.budget_usd is ${budget_usd:,.2f}: the phase may pause"
        ]
    return []


def is_free(model: Mapping[str, Any], prices: PriceTable) -> bool:
    """True where every model that may be asked costs nothing, which is so where none is asked."""
    names: Sequence[str] = [node["model"] for node in model_nodes(model)] or [str(model["name"])]
    if not model_nodes(model) and model["name"] == "none":
        return True
    return all(_costs_nothing(name, prices) for name in names)


def _costs_nothing(name: str, prices: PriceTable) -> bool:
    price = prices.models.get(name)
    return prices.allow_unpriced if price is None else price.usd(1, 0, 1) == 0 and price.cached_input == 0
