"""Decides what a solver's result depends on, and what a phase's budget belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bugladder import config
from bugladder.records import canonical_json, sha256_text
from bugladder.records.prices import PriceTable
from bugladder.records.protocols import ChatModel, Sandbox
from bugladder.records.rows import task_of
from bugladder.running.code_digest import code_digest
from bugladder.running.items import WorkItem
from bugladder.running.metering.meter import Spending
from bugladder.running.store import Store


def run_item(row: Mapping[str, Any], slice_: Mapping[str, Any], sandbox: Sandbox, model: ChatModel) -> WorkItem:
    """The work item of a row of tasks; no name, price, cap or key variable of a model is part of its key."""
    task = task_of(row)
    parts = {
        "task": sha256_text(canonical_json(dict(row))),
        "solver": slice_["solver"],
        "model": model.for_task(task).identity(),
        "limits": slice_["limits"],
        "seed": slice_["seed"],
        "repeat": 0,
        "environment": sandbox.digest(task.environment),
        "code": _code(slice_),
    }
    return WorkItem(task.instance_id, Store.key("run", parts), task, task.environment)


def spending_of(slice_: Mapping[str, Any], label: str) -> Spending:
    """What may be spent under a label: the same phase, arm, seed and code count on where they stopped.

    Raises:
        BugladderError: conf/prices has an unknown key or a wrong type.
    """
    parts = {
        "label": label,
        "dataset": slice_["dataset"]["name"],
        "arm": config.arm_digest(slice_),
        "seed": slice_["seed"],
        "code": _code(slice_),
    }
    prices = config.build(slice_["prices"], PriceTable, "prices")
    return Spending(sha256_text(canonical_json(parts)), float(slice_["phase"]["budget_usd"]), prices)


def _code(slice_: Mapping[str, Any]) -> list[str]:
    plugs = [str(slice_[group]["_target_"]).rpartition(".")[0] for group in ("solver", "model")]
    return [code_digest(m) for m in (*plugs, "bugladder.running.solving", "bugladder.runners.pytest")]
