"""Decides what the report says of money and rounds: per model and step, per instance, gates, reasons to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bugladder.reporting.page import Column, Grid, Row, Section, grid
from bugladder.reporting.text import interval, number

Tables = Mapping[str, Sequence[Row]]
_DEAREST = 10
_COUNTED: tuple[Column, ...] = (
    ("calls", "count"),
    ("tokens in", "tokens_in"),
    ("of these cached", "tokens_cached"),
    ("tokens out", "tokens_out"),
    ("of these reasoning", "tokens_reasoning"),
    ("from our cache", "cache_hits"),
    ("retries", "retries"),
    ("lost", "lost"),
    ("tokens unknown", "unknown"),
    ("USD", lambda r: usd(r["cost_usd"])),
    ("newly paid USD", lambda r: usd(r["spent_usd"])),
)


def cost_sections(metrics: Mapping[str, Any], tables: Tables) -> tuple[Section, ...]:
    """Cost always; rounds where the solver counts any."""
    rounds = _rounds_section(metrics, tables)
    return (_cost_section(metrics, tables), *([rounds] if rounds.grids else []))


def usd(value: float | None) -> str:
    """Dollars with enough digits to tell a cheap call from a free one; null as a dash."""
    return number(value, 4 if value is not None and 0 < value < 1 else 2)


def _cost_section(metrics: Mapping[str, Any], tables: Tables) -> Section:
    if not tables["costs"]:
        return Section("Cost", ("No model was called: the cost is 0 by computation.",))
    by_model = grid(tables["costs"], (("model", "model"), ("step", "step"), *_COUNTED), "By model and step")
    dearest = sorted(tables["costs_per_instance"], key=lambda r: (-r["cost_usd"], r["instance_id"]))[:_DEAREST]
    by_instance = grid(dearest, (("instance", "instance_id"), *_COUNTED), f"The dearest instances, at most {_DEAREST}")
    return Section("Cost", _words(metrics), _points(metrics), (by_model, by_instance))


def _words(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    cost, spent, calls = metrics["cost_usd"], metrics["spent_usd"], metrics["calls"]
    note = metrics["model"]["note"]
    whose = f"Model {metrics['model']['name']}{f': {note}' if note else ''}."
    money = (
        f"{whose} The replies used cost ${usd(cost['total'])} by prices of {metrics['prices']['as_of']}, whoever paid "
        f"for them and when; this run newly paid ${usd(spent['total'])} of a budget of ${usd(metrics['budget_usd'])}. "
        f"That is {_each(cost, 'per_instance', 'graded', '')}, and "
        f"{_each(cost, 'per_resolved', 'resolved', 'per_resolved_')}."
    )
    saved = (
        f"{calls['cache_hits']} of {calls['count']} replies came from our own cache, {calls['retries']} tries were "
        f"repeated, and {calls['lost']} were lost: they may have been charged and count as paid, not as cost. The "
        f"server told no tokens of {calls['unknown']} replies: the worst case stands in their place."
    )
    return money, saved


def _each(cost: Mapping[str, Any], key: str, of: str, ends: str) -> str:
    if cost[key] is None:
        return f"no price per {of} instance, since there is none"
    low, high, reason = (cost[f"{ends}{name}"] for name in ("ci_low", "ci_high", "reason"))
    words = f"interval {interval(low, high)}" if low is not None else f"no interval: {reason}"
    return f"${usd(cost[key])} per {of} instance ({words}, n {cost[f'{ends}n']})"


def _points(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    prices = metrics["prices"]
    told = tuple(f"Price of {name}: {where}." for name, where in prices["read_at"].items() if where)
    free = ", ".join(prices["unpriced"])
    return (*told, *([f"Counted as free, since no price is listed: {free}."] if free else []))


def _rounds_section(metrics: Mapping[str, Any], tables: Tables) -> Section:
    used = metrics["iterations"]
    stops = grid(
        tables["stop_reasons"],
        (("the solver stopped because", "stop_reason"), ("instances", "count")),
        "Reasons to stop",
    )
    gates = grid(
        tables["gates"],
        (("gate", "gate"), ("findings", "count"), ("rounds", "rounds"), ("instances", "instances")),
        "What the gates found",
    )
    rounds = Grid(
        ("rounds used", *(number(r["iterations"]) for r in tables["iterations"])),
        (("instances", *(number(r["instances"]) for r in tables["iterations"])),) if tables["iterations"] else (),
    )
    words = (
        (
            f"{number(used['mean'], 2)} rounds in the mean, {number(used['median'], 1)} in the median of {used['n']} "
            f"instances; {used['at_limit']} used all they had."
        )
        if used["n"]
        else "This solver counts no rounds."
    )
    return Section("Rounds", (words,), grids=tuple(g for g in (rounds, stops, gates) if g.rows))
