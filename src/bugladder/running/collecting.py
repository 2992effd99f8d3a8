"""From a batch's results to the rows of the tables that control and run write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bugladder.records import BugladderError
from bugladder.running.items import BatchResult, ItemResult, ItemStatus
from bugladder.running.metering.accounts import accounted
from bugladder.running.metering.ledger import BookedTry

Tables = dict[str, list[dict[str, Any]]]


def control_tables(result: BatchResult) -> Tables:
    """Rows of controls, tasks, answers and control_outcomes.

    Raises:
        BugladderError: the batch was paused, or an instance failed for a reason that is not the machine's.
    """
    result.require_complete()
    found: Tables = {"controls": [], "tasks": [], "answers": [], "control_outcomes": []}
    for item in result.results.values():
        if item.status is ItemStatus.FAILED:
            raise BugladderError(f"control of {item.id}: {item.reason}")
        if item.value is None:
            found["controls"].append(_infra_row(item.id, item.reason))
            continue
        found["controls"] += [{**row, "reused": item.reused} for row in item.value["controls"]]
        found["control_outcomes"] += item.value["outcomes"]
        for name in ("task", "answer"):
            found[f"{name}s"] += [item.value[name]] if item.value[name] else []
    return found


def _infra_row(instance_id: str, reason: str) -> dict[str, Any]:
    texts = dict.fromkeys(("left", "enforcement"), "{}") | dict.fromkeys(("protocol", "protocol_reason"), "")
    numbers = dict.fromkeys(("repeat", "passed", "failed"), 0) | dict.fromkeys(("seconds", "cpu_seconds"), 0.0)
    fate = {"valid": None, "verdict": "infra_error", "reason": reason, "environment_digest": "", "reused": False}
    return {"instance_id": instance_id, "control": "no_op", **texts, **numbers, **fate}


def run_tables(result: BatchResult, booked: Sequence[BookedTry], max_iterations: int | None) -> Tables:
    """Rows of candidates, attempts, calls and transcripts; a solver that raised has handed in nothing, with the reason.

    Args:
        result: the batch's.
        booked: the tries at models that this run paid for, also those of instances that came to no result.
        max_iterations: the most rounds that the solver may use; None for one without rounds.

    Raises:
        PausedError: the batch was paused.
        BugladderError: an instance's input is wrong, which says nothing of the solver.
    """
    result.require_complete()
    for item in result.results.values():
        # a wrong hash or a broken overlay is no failure of the solver
        if item.is_input_error:
            raise BugladderError(f"run of {item.id}: {item.reason}")
    values = {item.id: item.value for item in result.results.values() if item.value is not None}
    return {
        "candidates": [{**_candidate(item), "max_iterations": max_iterations} for item in result.results.values()],
        "attempts": [row for value in values.values() for row in value["attempts"]],
        "calls": accounted(result.results, {i: value["calls"] for i, value in values.items()}, booked),
        "transcripts": [row for value in values.values() for row in value["transcripts"]],
    }


def _candidate(item: ItemResult) -> dict[str, Any]:
    fate = {"status": item.status.value, "infrastructure_class": None, "reused": item.reused}
    if item.value is not None:
        return {**fate, **item.value["candidate"]}
    if item.status is ItemStatus.INFRA_ERROR:
        fate["infrastructure_class"] = item.error_class
    empty = {"patch": None, "test_files": "{}", "iterations": None, "enforcement": "{}"}
    return {"instance_id": item.id, **empty, **fate, "reason": item.reason, "seconds": item.seconds}


def system_name(slice_: Mapping[str, Any]) -> str:
    """Who the predictions of a run are by: the solver and its model, or whose patches were handed in.

    Args:
        slice_: what run reads of the configuration.
    """
    solver, model = slice_["solver"], slice_["model"]["name"]
    if solver.get("model_name"):
        return str(solver["model_name"])
    return str(solver["name"]) if model == "none" else f"{solver['name']}+{model}"


def predictions(candidates: Sequence[Mapping[str, Any]], system: str) -> str:
    """The candidates in the field's format, one JSON object a line, as the official harness reads them.

    What came to no result (a cap, the machine) has no line: the harness then calls it incomplete, not empty.

    Args:
        candidates: rows of candidates.
        system: the predictions' model_name_or_path.
    """
    fields = [
        {"instance_id": c["instance_id"], "model_name_or_path": system, "model_patch": _as_text(c["patch"] or "")}
        for c in candidates
        if c["status"] in {"done", "failed"}
    ]
    return "".join(json.dumps(f) + "\n" for f in fields)


def _as_text(patch: str) -> str:
    # the harness writes a patch as UTF-8 and stops at a byte that is none; its fuzzy matching may pass over the mark
    return patch.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
