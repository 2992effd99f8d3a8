"""Decides proceed, review, optimize or stop from a phase's criteria, and says why in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bugladder.analysis.criteria import Judged, Role, judge
from bugladder.analysis.settings import AnalysisSettings, Criterion

Decision = Literal["proceed", "review", "optimize", "stop"]


def decide(metrics: Mapping[str, Any], settings: AnalysisSettings) -> dict[str, Any]:
    """The decision as decision.json holds it.

    halt first (any one that holds), then proceed (all must hold; unknown never does), else `otherwise`. A proceed
    becomes a review where too few instances were graded, where a halt criterion is unknown, or where it would hold
    if every infrastructure failure counted as the worst.

    Args:
        metrics: as metrics.json.
        settings: criteria, shares and identity.
    """
    wanted = settings.phase.criteria
    judged = {role: _judge(role, getattr(wanted, role), metrics, settings) for role in ("success", "proceed", "halt")}
    halting = [j for j in judged["halt"] if j.passed]
    missing = [j for j in judged["proceed"] if not j.passed]
    doubts = _doubts(metrics, judged["halt"], settings)
    decision: Decision
    if halting:
        decision, why = wanted.halt_as, [_words(j) for j in halting]
    elif missing or not judged["proceed"]:
        decision, why = wanted.otherwise, [_lacking(j) for j in missing]
    elif doubts:
        decision, why = "review", doubts
    else:
        decision, why = "proceed", [_words(j) for j in judged["proceed"]]
    note = f" ({settings.identity.note})" if settings.identity.note else ""
    return {
        "decision": decision,
        "sentence": f"{settings.phase.name}{note}: {decision}, because {'; '.join(why) or 'nothing was asked'}.",
        "phase": settings.phase.name,
        "dataset": settings.identity.dataset,
        "arm": settings.identity.arm,
        "arm_digest": settings.identity.arm_digest,
        "is_enforced": settings.identity.is_enforced,
        "is_success": _is_success(judged["success"]),
        "n_graded": metrics["n_graded"],
        "n_selected": metrics["n_selected"],
        "doubts": doubts,
        "criteria": [j.to_row() for role in ("halt", "proceed", "success") for j in judged[role]],
    }


def _judge(
    role: str, criteria: Sequence[Criterion], metrics: Mapping[str, Any], settings: AnalysisSettings
) -> list[Judged]:
    known: Role = "success" if role == "success" else ("proceed" if role == "proceed" else "halt")
    return [judge(known, c, metrics, settings.rules.measured_share) for c in criteria]


def _doubts(metrics: Mapping[str, Any], halts: Sequence[Judged], settings: AnalysisSettings) -> list[str]:
    n_graded, n_selected, share = metrics["n_graded"], metrics["n_selected"], settings.rules.graded_share
    found = []
    if n_graded < share * n_selected:
        found.append(f"only {n_graded} of {n_selected} selected instances were graded, fewer than {share:.0%}")
    found += [f"{j.criterion.says} is unknown ({j.reason})" for j in halts if j.passed is None]
    found += [
        f"{j.criterion.says} would be {j.measure.worst:.3g}, {j.criterion.comparison} {j.criterion.threshold:g}, "
        "if every infrastructure failure counted as the worst"
        for j in halts
        if j.passed is False and j.passed_at_worst
    ]
    return found


def _is_success(judged: Sequence[Judged]) -> bool | None:
    if any(j.passed is False for j in judged):
        return False
    return None if any(j.passed is None for j in judged) else True


def _words(j: Judged) -> str:
    m, c = j.measure, j.criterion
    sample = "" if m.n is None else (f" ({m.low:.2f} to {m.high:.2f}, n {m.n})" if m.low is not None else f" (n {m.n})")
    return f"{c.says} is {m.value:.3g}{sample}, {c.comparison} {c.threshold:g}"


def _lacking(j: Judged) -> str:
    if j.passed is None:
        return f"{j.criterion.says} is unknown ({j.reason})"
    return f"{j.criterion.says} is {j.measure.value:.3g}, not {j.criterion.comparison} {j.criterion.threshold:g}"
