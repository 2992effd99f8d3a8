"""Decides what a person should look at: large gaps, a low success rate, dear instances. Alerts bind nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bugladder.analysis.settings import AnalysisRules, Row


def alerts(rows: Sequence[Row], metrics: Mapping[str, Any], rules: AnalysisRules) -> list[str]:
    """One sentence per alert, in a fixed order (DESIGN section 5)."""
    found = [
        f"{r['instance_id']}: gap {r['overfit_gap']:.2f} is above {rules.high_gap:g}: investigate the instance"
        for r in rows
        if r["overfit_gap"] is not None and r["overfit_gap"] > rules.high_gap
    ]
    rate, n_graded = metrics["success"]["rate"], metrics["n_graded"]
    if n_graded >= rules.alert_graded and rate is not None and rate < rules.alert_success:
        found.append(f"success rate {rate:.2f} is below {rules.alert_success:g} after {n_graded} graded: systematic?")
    cost = metrics["cost_usd"]["per_instance"]
    if cost is not None and cost > rules.alert_cost_usd:
        found.append(f"${cost:.2f} per instance is above ${rules.alert_cost_usd:g}: try a cheaper model")
    return found
