"""Decides whether a phase may start new work: it obeys the decision of the phase before."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bugladder.records import BugladderError

_LOG = logging.getLogger(__name__)
_CONF_SUFFIXES = {".yaml", ".yml"}


class GateClosedError(BugladderError):
    """New work was refused, with the reason."""


@dataclass(frozen=True)
class Gate:
    """What a stage obeys before it runs anything new.

    Args:
        obeys: the decision file; the first phase's is a conf file (.yaml), of which only `decision` is looked at.
        dataset: the dataset that the decision must be about.
        phase: the phase that the decision must come from (the one before ours).
        arm_digest: the arm that the decision must be about; None for control, which has no arm.
        enforce: False lets everything through and says so.
    """

    obeys: Path
    dataset: str
    phase: str
    arm_digest: str | None = None
    enforce: bool = True

    def check(self, pending: Sequence[str]) -> None:
        """Let the pending ids run, or refuse. Called only where something new would have to run.

        Raises:
            GateClosedError: the decision is not `proceed`, is absent, or is about something else.
            BugladderError: the decision file cannot be read.
        """
        reason = self.reason() if pending else None
        if reason is None:
            return
        if not self.enforce:
            _LOG.warning("gate overridden (ladder.enforce=false): %s", reason)
            return
        raise GateClosedError(f"{reason}; {len(pending)} instances would have to run (first: {pending[0]})")

    def reason(self) -> str | None:
        """Why the gate is closed, or None where it is open."""
        if not self.obeys.exists():
            return f"{self.obeys}: there is no decision yet; run phase {self.phase} first"
        found = _read(self.obeys)
        if found.get("decision") != "proceed":
            return f"{self.obeys}: the decision is {found.get('decision')!r}, not 'proceed'"
        if self.obeys.suffix in _CONF_SUFFIXES:
            return None
        wanted = {"dataset": self.dataset, "phase": self.phase}
        if self.arm_digest is not None:
            wanted["arm_digest"] = self.arm_digest
        for name, value in wanted.items():
            if found.get(name) != value:
                return f"{self.obeys}: it decides for {name} {found.get(name)!r}, this run has {value!r}"
        return None


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        found = yaml.safe_load(text) if path.suffix in _CONF_SUFFIXES else json.loads(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BugladderError(f"{path}: not a readable decision file; run the phase that writes it again") from error
    if not isinstance(found, dict):
        raise BugladderError(f"{path}: should be a mapping with the key 'decision'")
    return found
