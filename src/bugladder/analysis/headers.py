"""Decides which columns a table has that holds no row to show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bugladder.analysis.costs import CALL_TOTALS
from bugladder.records import BugladderError

_GROUP = (
    "n_selected", "n_valid", "n_graded", "resolved", "resolved_rate", "ci_low", "ci_high", "plausible",
    "rejected_by_hidden", "overall_mean", "hfs_mean", "gap_mean", "gap_n",
)  # fmt: skip
# Only tables that a phase can leave empty; every other one shows its columns by its rows.
_OF_EMPTY: dict[str, tuple[str, ...]] = {
    "invalid_instances": ("instance_id", "origin", "repo", "reason"),
    "left_tests": ("instance_id", "test_id", "reason", "is_flaky"),
    "criteria": (
        "role", "metric", "says", "value", "ci_low", "ci_high", "n", "comparison", "threshold", "passed", "worst",
        "passed_at_worst", "n_suffices", "reason",
    ),
    "per_operator": ("operator", *_GROUP),
    "overfit_cases": ("instance_id", "origin", "repo", "operator", "public_rate", "hfs", "overfit_gap", "verdict"),
    "failure_modes": ("mode", "means", "count", "share", "instances"),
    "enforcement": ("limit", "state", "rows"),
    "costs": ("model", "step", *CALL_TOTALS),
    "costs_per_instance": ("instance_id", *(column for column in CALL_TOTALS if column != "instances")),
    "gates": ("gate", "count", "rounds", "instances"),
    "stop_reasons": ("stop_reason", "count", "instances"),
    "iterations": ("iterations", "instances"),
}  # fmt: skip


def header(name: str, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns of a table of an analysis, in order, also where it is empty.

    Raises:
        BugladderError: it is empty and nothing says which columns it would have.
    """
    if rows:
        return tuple(rows[0])
    if name not in _OF_EMPTY:
        raise BugladderError(f"table {name}: empty, and analysis/headers.py does not say which columns it has")
    return _OF_EMPTY[name]
