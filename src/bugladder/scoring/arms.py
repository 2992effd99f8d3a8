"""From controls, candidates and grades to a phase's rows of outcomes and scores: the solver's arm and the controls'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bugladder.records import Control, TestOutcome, Verdict
from bugladder.records.rows import outcome_of
from bugladder.records.weights import ScoringSettings
from bugladder.scoring.scores import Evidence, score_instance

# What the row of a control does not have.
_ABSENT = ("iterations", "applied_by", "infrastructure_class", "seconds")
Row = dict[str, Any]
Rows = list[Row]


@dataclass(frozen=True)
class ArmTables:
    """What scores are computed from: rows of controls, candidates and control_outcomes, and grades by instance.

    A grade has value (applied, outcomes, own_valid, own_written, dropped, reason, seconds; None if it failed), status,
    reason, reused and error_class.
    """

    controls: Sequence[Mapping[str, Any]]
    candidates: Sequence[Mapping[str, Any]]
    control_outcomes: Sequence[Mapping[str, Any]]
    grades: Mapping[str, Mapping[str, Any]]


def score_arms(arm: str, inputs: ArmTables, settings: ScoringSettings) -> tuple[Rows, Rows]:
    """Rows of outcomes.parquet (the solver's arm) and scores.parquet (it and the controls).

    A grade that failed for a reason that is not the machine's counts against the candidate, as a patch that fails.
    """
    by_control = _by_control(inputs.control_outcomes)
    fates = {row["instance_id"]: row for row in inputs.controls}
    candidates = {row["instance_id"]: row for row in inputs.candidates}
    outcomes: Rows = []
    scores: Rows = []
    for instance_id, fate in fates.items():
        for control in Control:
            graded = by_control.get((instance_id, control.arm))
            if graded and fate["verdict"] == "valid":
                evidence = Evidence([outcome_of(o) for o in graded], has_patch=True, applied=True)
                scores.append(_row(instance_id, control.arm, evidence, settings, {"reused": fate["reused"]}))
        unpatched = unpatched_grade(by_control.get((instance_id, Control.NO_OP.arm), []))
        rows, score = _solver_rows(arm, fate, candidates.get(instance_id), inputs.grades, (unpatched, settings))
        outcomes += rows
        scores.append(score)
    return outcomes, scores


def unpatched_grade(no_op_outcomes: Sequence[Mapping[str, Any]]) -> Row:
    """The grade of a candidate without patch and tests: control:no_op's outcomes; the same patch is graded once."""
    return {"applied": False, "outcomes": [{**o, "arm": ""} for o in no_op_outcomes]}


def _solver_rows(
    arm: str,
    fate: Mapping[str, Any],
    candidate: Mapping[str, Any] | None,
    grades: Mapping[str, Mapping[str, Any]],
    unpatched: tuple[Row, ScoringSettings],
) -> tuple[Rows, Row]:
    instance_id = fate["instance_id"]
    empty, settings = unpatched
    if candidate is None or candidate["status"] in {"infra_error", "not_run"}:
        return [], _ungraded(instance_id, arm, fate, candidate)
    grade = grades[instance_id]
    if grade["status"] == "infra_error":
        row = {**candidate, "status": grade["status"], "reason": f"grading: {grade['reason']}"}
        return [], _ungraded(instance_id, arm, fate, {**row, "infrastructure_class": grade["error_class"]})
    value = grade["value"] or {**empty, "reason": f"grading: {grade['reason']}"}
    rows = [{**o, "arm": arm} for o in value["outcomes"]]
    more = {
        "iterations": candidate["iterations"],
        "dropped_paths": value.get("dropped", []),
        "applied_by": value.get("applied_by"),
        "reason": value.get("reason") or candidate["reason"],
        "seconds": candidate["seconds"],
        "reused": candidate["reused"] and grade["reused"],
    }
    return rows, _row(instance_id, arm, _evidence(candidate, value), settings, more)


def _evidence(candidate: Mapping[str, Any], value: Mapping[str, Any]) -> Evidence:
    outcomes: list[TestOutcome] = [outcome_of(o) for o in value["outcomes"]]
    return Evidence(
        outcomes=outcomes,
        has_patch=bool((candidate["patch"] or "").strip()),
        applied=bool(value["applied"]),
        own_valid=frozenset(value.get("own_valid", ())),
        own_written=len(value.get("own_written", ())),
        iterations=candidate["iterations"],
        max_iterations=candidate["max_iterations"],
    )


def _row(instance_id: str, arm: str, evidence: Evidence, settings: ScoringSettings, more: Row) -> Row:
    scores = asdict(score_instance(evidence, settings))
    plain: Row = {"dropped_paths": [], "reason": "", **dict.fromkeys(_ABSENT)}
    return {"instance_id": instance_id, "arm": arm, **scores, **plain, **more}


def _ungraded(instance_id: str, arm: str, fate: Mapping[str, Any], candidate: Mapping[str, Any] | None) -> Row:
    """Not graded is null with a reason, never 0."""
    verdict, reason = fate["verdict"], fate["reason"]
    if candidate is not None:
        status = candidate["status"]
        verdict = Verdict.NOT_RUN if status == "not_run" else Verdict.INFRA_ERROR
        reason = candidate["reason"]
    numbers = ("resolved", "brs", "own_valid_share", "public_rate", "hfs", "tss", "overfit_gap", "overall", "success")
    return {
        "instance_id": instance_id,
        "arm": arm,
        "verdict": str(verdict),
        **dict.fromkeys(numbers),
        "iterations": None,
        "public_units": 0,
        "hidden_units": 0,
        "dropped_paths": [],
        "applied_by": None,
        "reason": reason,
        "infrastructure_class": candidate["infrastructure_class"] if candidate is not None else None,
        "seconds": None,
        "reused": bool(fate["reused"]),
    }


def _by_control(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Rows]:
    found: dict[tuple[str, str], Rows] = {}
    for row in rows:
        found.setdefault((row["instance_id"], row["arm"]), []).append(dict(row))
    return found
