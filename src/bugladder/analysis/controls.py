"""Decides whether the controls are right on every valid instance, and what they removed from the grading."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from bugladder.analysis.intervals import wilson
from bugladder.analysis.settings import AnalysisRules, PhaseTables, Row
from bugladder.analysis.summary import describe, rounded
from bugladder.records import BugladderError, Control


def control_blocks(scores: Iterable[Row], valid: AbstractSet[str], rules: AnalysisRules) -> dict[str, Any]:
    """Per control its means (`overall`, `hfs`, `resolved`), n and how many are right; `wrong` sums what is not.

    Args:
        scores: rows of the scores table, all arms.
        valid: ids of the valid instances; each needs a right row per control.
        rules: of the intervals.
    """
    by_arm: dict[str, dict[str, Row]] = {control.arm: {} for control in Control}
    for score in scores:
        if score["arm"] in by_arm and score["instance_id"] in valid:
            by_arm[score["arm"]][score["instance_id"]] = score
    blocks: dict[str, Any] = {c.value: _block(c, by_arm[c.arm], valid, rules) for c in Control}
    wrong = sorted({name for block in blocks.values() for name in block["wrong"]})
    return blocks | {"wrong": len(wrong), "wrong_instances": wrong}


def is_right(control: Control, score: Row) -> bool:
    """What must hold on every valid instance: nothing fixed by no_op and inert, everything by reference."""
    if control is Control.REFERENCE:
        return bool(score["resolved"]) and score["hfs"] == 1.0
    return score["resolved"] is False and score["hfs"] == 0.0 and score["overall"] == 0.0


def _block(control: Control, scores: dict[str, Row], valid: AbstractSet[str], rules: AnalysisRules) -> dict[str, Any]:
    wrong = [name for name in valid if name not in scores or not is_right(control, scores[name])]
    block: dict[str, Any] = {"n": len(scores), "right": len(valid) - len(wrong), "wrong": sorted(wrong)}
    for name in ("overall", "hfs"):
        values = [float(s[name]) for s in scores.values() if s[name] is not None]
        found = describe(values, f"{control.arm}.{name}", rules.interval)
        block[name] = found["mean"]
        block |= {f"{name}_ci_low": found["ci_low"], f"{name}_ci_high": found["ci_high"]}
    decided = [bool(s["resolved"]) for s in scores.values() if s["resolved"] is not None]
    interval = wilson(sum(decided), len(decided), rules.interval.level)
    block["resolved"] = rounded(sum(decided) / len(decided)) if decided else None
    return block | {"resolved_ci_low": interval.low, "resolved_ci_high": interval.high}


def control_table(blocks: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per control: the columns of its block, with the arm's name first."""
    return [{"arm": c.arm} | {key: value for key, value in blocks[c.value].items() if key != "wrong"} for c in Control]


def left_tests(controls: Iterable[Row]) -> list[dict[str, Any]]:
    """Tests that left the grading: instance, test, reason and whether it is flaky; each once.

    Args:
        controls: rows of the controls table; `left` is JSON, pairs of test id and reason.

    Raises:
        BugladderError: a `left` column is not JSON.
    """
    found: dict[tuple[str, str], str] = {}
    for row in controls:
        for test_id, reason in _left(row).items():
            found.setdefault((row["instance_id"], test_id), reason)
    return [
        {"instance_id": i, "test_id": t, "reason": reason, "is_flaky": "flaky" in reason.lower()}
        for (i, t), reason in sorted(found.items())
    ]


def _left(row: Row) -> dict[str, str]:
    try:
        left = json.loads(row["left"] or "{}")
    except json.JSONDecodeError as error:
        raise BugladderError(f"{row['instance_id']}: controls.left is not JSON; run the control stage again") from error
    pairs = left.items() if isinstance(left, dict) else left
    return {str(test_id): str(reason) for test_id, reason in pairs}


def split_block(tables: PhaseTables) -> dict[str, Any]:
    """Public and hidden test ids and units summed over the tasks, and the fallbacks to blind with their reasons."""
    public = {k: sum(len(t[f"public_{k}"]) for t in tables.tasks) for k in ("fail_to_pass", "pass_to_pass")}
    hidden = {k: sum(len(a[f"hidden_{k}"]) for a in tables.answers) for k in ("fail_to_pass", "pass_to_pass")}
    blind = {t["instance_id"] for t in tables.tasks if t["protocol"] == "blind"}
    reasons = {c["instance_id"]: c["protocol_reason"] for c in tables.controls if c["protocol_reason"]}
    fallbacks = sorted(blind & set(reasons))
    return {
        "public": public,
        "hidden": hidden,
        "n_public_failing": sum(bool(t["public_fail_to_pass"]) for t in tables.tasks),
        "n_blind": len(blind),
        "n_fallbacks_to_blind": len(fallbacks),
        "fallbacks_to_blind": {name: reasons[name] for name in fallbacks},
    } | _units(tables.scores, set(reasons) | {t["instance_id"] for t in tables.tasks})


def _units(scores: Sequence[Row], ids: AbstractSet[str]) -> dict[str, int]:
    reference = [s for s in scores if s["arm"] == Control.REFERENCE.arm and s["instance_id"] in ids]
    return {name: sum(s[name] for s in reference) for name in ("public_units", "hidden_units")}


def store_block(tables: PhaseTables, arm: str) -> dict[str, dict[str, int]]:
    """How many instances each act took from the store and how many it ran: control, run, score."""
    control: dict[str, bool] = {}
    for row in tables.controls:
        control[row["instance_id"]] = control.get(row["instance_id"], True) and row["reused"]
    acts = {
        "control": list(control.values()),
        "run": [c["reused"] for c in tables.candidates],
        "score": [s["reused"] for s in tables.scores if s["arm"] == arm],
    }
    return {act: {"new": flags.count(False), "reused": flags.count(True)} for act, flags in acts.items()}


def enforcement_table(tables: PhaseTables) -> list[dict[str, Any]]:
    """What the sandboxes enforced while controlling and solving: limit, state and in how many rows."""
    found: dict[tuple[str, str], int] = {}
    for row in (*tables.controls, *tables.candidates):
        for limit, state in json.loads(row["enforcement"] or "{}").items():
            if limit == "image":
                continue  # says which one, and is no limit
            found[limit, str(state)] = found.get((limit, str(state)), 0) + 1
    return [{"limit": limit, "state": state, "rows": n} for (limit, state), n in sorted(found.items())]
