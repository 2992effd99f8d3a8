"""Decides which of run's own figures are worth an alert and which of these pause; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Alert:
    """One alert; `pauses` tells that no new work may start."""

    kind: str
    message: str
    pauses: bool


def crash_alert(crashed_ids: Sequence[str], crashes_to_pause: int) -> Alert | None:
    """The pause after too many crashes (infrastructure failures that outlived their retries), or None."""
    if len(crashed_ids) < crashes_to_pause:
        return None
    names = ", ".join(crashed_ids[:5])
    return Alert("crashes", f"paused after {len(crashed_ids)} infrastructure failures ({names})", pauses=True)


def budget_alert(spent_usd: float, budget_usd: float, levels: Sequence[float] = (0.8, 0.9, 1.0)) -> Alert | None:
    """The highest level of the budget that is reached, or None; only the whole budget pauses.

    Args:
        spent_usd: what this run newly paid.
        budget_usd: the phase's budget; 0 for a phase that may pay nothing.
        levels: shares of the budget.
    """
    if spent_usd <= 0:
        return None
    reached = [level for level in levels if spent_usd >= level * budget_usd]
    if not reached:
        return None
    level = max(reached)
    message = f"{level:.0%} of the budget reached: ${spent_usd:.2f} of ${budget_usd:.2f}"
    return Alert("budget", message, pauses=level >= 1.0)
