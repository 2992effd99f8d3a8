"""What the stages that run tested code share: sandbox, opener, store, batch settings and the gate, from their slice."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bugladder import config
from bugladder.records.protocols import OpenWorkspace, Sandbox
from bugladder.running.gate import Gate
from bugladder.running.items import BatchSettings
from bugladder.running.opening import Meter, workspace_opener
from bugladder.running.store import Store

CACHE = Path(".bugladder")
RESPONSES = CACHE / "responses.db"


@dataclass(frozen=True)
class Setting:
    """Where and how a stage's instances run."""

    sandbox: Sandbox
    open_workspace: OpenWorkspace
    store: Store
    batch: BatchSettings


@contextmanager
def open_setting(slice_: Mapping[str, Any], label: str) -> Iterator[Setting]:
    """Build a stage's setting from its slice; afterwards what its commands needed stands in .bugladder/meter."""
    sandbox_node = dict(slice_["sandbox"])
    slots = sandbox_node.pop("slots", None) or os.cpu_count() or 1
    sandbox: Any = config.build(sandbox_node, where="sandbox")
    executor = {k: v for k, v in slice_["executor"].items() if k != "name"}
    batch = config.build({**executor, "workers": slice_["phase"]["workers"]}, BatchSettings, "executor")
    meter = Meter()
    opener = workspace_opener(sandbox, slice_["limits"]["test_timeout_s"], slots, label, meter)
    started = time.monotonic()
    yield Setting(sandbox, opener, Store(CACHE / "store"), batch)
    meter.write(CACHE / "meter" / f"{label}.json", time.monotonic() - started, slots)


def gate_of(slice_: Mapping[str, Any], obeys: str | None, arm_digest: str | None = None) -> Gate | None:
    """The gate of a phase; None where no decision is obeyed (compare)."""
    if obeys is None:
        return None
    path = Path(obeys)
    # reports/<phase>/decision.json is decided by that phase
    phase = path.parent.name
    return Gate(path, slice_["dataset"]["name"], phase, arm_digest, enforce=slice_["ladder"]["enforce"])
