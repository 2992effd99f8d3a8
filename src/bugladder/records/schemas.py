"""The columns of every Parquet table, with their types and keys."""

from __future__ import annotations

from bugladder.records.columns import Table

INSTANCES = Table(
    "instances",
    ("instance_id",),
    {
        "instance_id": "str",
        "dataset": "str",
        "origin": "str",
        "repo": "str",
        "version": "str",
        "created_at": "str",
        "difficulty": "str",
        "apparent_difficulty": "str",
        "operator": "str?",
        "problem_statement": "str",
        "issue_from_tests": "bool",
        "reference_patch": "str",
        "test_patch": "str",
        "fail_to_pass": "list",
        "pass_to_pass": "list",
        "environment": "str",
    },
)
TASKS = Table(
    "tasks",
    ("instance_id",),
    {
        "instance_id": "str",
        "dataset": "str",
        "origin": "str",
        "repo": "str",
        "problem_statement": "str",
        "environment": "str",
        "public_fail_to_pass": "list",
        "public_pass_to_pass": "list",
        "public_test_files": "str",
        "apparent_difficulty": "str",
        "protocol": "str",
    },
)
ANSWERS = Table(
    "answers",
    ("instance_id",),
    {
        "instance_id": "str",
        "reference_patch": "str",
        "test_patch": "str",
        "fail_to_pass": "list",
        "pass_to_pass": "list",
        "hidden_fail_to_pass": "list",
        "hidden_pass_to_pass": "list",
        "difficulty": "str",
        "units": "str",
    },
)
_OUTCOME_COLUMNS = {
    "instance_id": "str",
    "arm": "str",
    "test_id": "str",
    "outcome": "str",
    "kind": "str",
    "side": "str",
    "unit": "str",
    "seconds": "float",
}
CONTROL_OUTCOMES = Table("control_outcomes", ("instance_id", "arm", "test_id"), _OUTCOME_COLUMNS)
CONTROLS = Table(
    "controls",
    ("instance_id", "control", "repeat"),
    {
        "instance_id": "str",
        "control": "str",
        "repeat": "int",
        "valid": "bool?",
        "verdict": "str",
        "reason": "str",
        "left": "str",
        "protocol": "str",
        "protocol_reason": "str",
        "passed": "int",
        "failed": "int",
        "seconds": "float",
        "cpu_seconds": "float",
        "environment_digest": "str",
        "enforcement": "str",
        "reused": "bool",
    },
)
ATTEMPTS = Table(
    "attempts",
    ("instance_id", "iteration"),
    {
        "instance_id": "str",
        "iteration": "int",
        "step": "str",
        "patch_sha256": "str?",
        "public_fail_to_pass_passed": "int?",
        "public_pass_to_pass_passed": "int?",
        "tokens_in": "int",
        "tokens_out": "int",
        "seconds": "float",
        "stop_reason": "str",
        "gates": "str",
        "detail": "str",
        "git": "str?",
    },
)
CANDIDATES = Table(
    "candidates",
    ("instance_id",),
    {
        "instance_id": "str",
        "patch": "str?",
        "test_files": "str",
        "iterations": "int?",
        "max_iterations": "int?",
        "status": "str",
        "reason": "str",
        "infrastructure_class": "str?",
        "seconds": "float?",
        "enforcement": "str",
        "reused": "bool",
    },
)
CALLS = Table(
    "calls",
    ("call_id",),
    {
        "call_id": "str",
        "instance_id": "str",
        "iteration": "int",
        "step": "str",
        "sample": "int",
        "request_hash": "str",
        "model_asked": "str",
        "model_answered": "str",
        "tokens_in": "int",
        "tokens_cached": "int",
        "tokens_out": "int",
        "tokens_reasoning": "int",
        "tokens_known": "bool",  # False: the server did not say, and the worst case stands in its place
        "latency_s": "float",
        "was_cached": "bool",  # the reply was there before this instance asked in this run
        "was_paid": "bool",  # this run, restarts included, paid for it
        "is_lost": "bool",  # paid, or possibly paid, and not used: a try without a reply, a reply nobody came back for
        "retries": "int",
        "finish_reason": "str",
    },
)
TRANSCRIPTS = Table(
    "transcripts",
    ("call_id",),
    {
        "call_id": "str",
        "instance_id": "str",
        "iteration": "int",
        "step": "str",
        "template": "str",
        "messages": "str",
        "reply": "str",
        "refusal": "str",
    },
)
OUTCOMES = Table("outcomes", ("instance_id", "arm", "test_id"), _OUTCOME_COLUMNS)
SCORES = Table(
    "scores",
    ("instance_id", "arm"),
    {
        "instance_id": "str",
        "arm": "str",
        "verdict": "str",
        "resolved": "bool?",
        "brs": "float?",
        "own_valid_share": "float?",
        "public_rate": "float?",
        "hfs": "float?",
        "tss": "float?",
        "overfit_gap": "float?",
        "overall": "float?",
        "success": "bool?",
        "iterations": "int?",
        "public_units": "int",
        "hidden_units": "int",
        "dropped_paths": "list",
        "applied_by": "str?",  # git or patch; null where there was no patch or nothing took it
        "reason": "str",
        "infrastructure_class": "str?",
        "seconds": "float?",
        "reused": "bool",
    },
)
ALL = {
    t.name: t
    for t in (
        INSTANCES,
        TASKS,
        ANSWERS,
        CONTROLS,
        CONTROL_OUTCOMES,
        ATTEMPTS,
        CANDIDATES,
        CALLS,
        TRANSCRIPTS,
        OUTCOMES,
        SCORES,
    )
}
