# ruff: noqa: D103, PLR0917
"""Made-up tables of a phase, marked as such in every name: real schemas, invented numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from bugladder.analysis.settings import AnalysisRules, AnalysisSettings, Identity, PhasePlan, PhaseTables
from bugladder.records.prices import Price, PriceTable

CONF = Path(__file__).parents[1] / "conf"
ARM = "made_up_solver"
PRICES = PriceTable(as_of="2026-01-01", models={"made-up": Price(input=2.0, cached_input=0.5, output=8.0)})
# verdict, hfs, public_rate, brs, overall; None is not measured
STORIES = (
    ("resolved", 1.0, 1.0, 0.0, 0.8947),
    ("no_patch", 0.0, 0.0, 0.0, 0.0),
    ("unresolved", 0.0, 1.0, 0.0, 0.125),
    ("no_patch", 0.0, None, 0.0, 0.0),
    ("resolved", 1.0, 1.0, 1.0, 1.0),
    ("partial", 0.5, 0.5, 0.0, 0.5132),
    ("patch_failed", 0.0, 0.0, 0.0, 0.0),
    ("unresolved", 0.0, 0.0, 1.0, 0.125),
    ("resolved", 1.0, 1.0, 0.0, 0.8947),
    ("partial", 0.75, 1.0, 0.0, 0.6868),
)


def instance_id(index):
    return f"madeup__repo{index % 4}-{index}"


def instance(index, **changes):
    injected = index % 2 == 1
    return {
        "instance_id": instance_id(index),
        "dataset": "made_up",
        "origin": "injected" if injected else "release",
        "repo": f"madeup/repo{index % 4}",
        "version": "1.0",
        "created_at": "2026-01-01",
        "difficulty": ("easy", "medium", "hard")[index % 3],
        "apparent_difficulty": "easy",
        "operator": f"made_up_operator_{index % 3}" if injected else None,
        "problem_statement": "made up",
        "issue_from_tests": injected,
        "reference_patch": "",
        "test_patch": "",
        "fail_to_pass": ["t.py::f0", "t.py::f1", "t.py::f2"],
        "pass_to_pass": ["t.py::p0", "t.py::p1"],
        "environment": "{}",
        **changes,
    }


def control_row(index, control, **changes):
    return {
        "instance_id": instance_id(index),
        "control": control,
        "repeat": 1,
        "valid": True,
        "verdict": "",
        "reason": "",
        "left": "[]",
        "protocol": "split",
        "protocol_reason": "",
        "passed": 5,
        "failed": 0,
        "seconds": 1.0,
        "cpu_seconds": 1.0,
        "environment_digest": "d" * 64,
        "enforcement": '{"network":"closed"}',
        "reused": False,
        **changes,
    }


def score(index, arm, verdict="resolved", hfs=1.0, public_rate=1.0, brs=0.0, overall=1.0, **changes):
    row = {
        "instance_id": instance_id(index),
        "arm": arm,
        "verdict": verdict,
        "resolved": verdict == "resolved",
        "brs": brs,
        "own_valid_share": None,
        "public_rate": public_rate,
        "hfs": hfs,
        "tss": None if brs is None else 0.5 * brs + 0.5 * (public_rate or 0.0),
        "overfit_gap": None if public_rate is None or hfs is None else public_rate - hfs,
        "overall": overall,
        "success": None if overall is None else overall >= 0.5,
        "iterations": None,
        "public_units": 2,
        "hidden_units": 2,
        "dropped_paths": [],
        "applied_by": None,
        "reason": "",
        "infrastructure_class": None,
        "seconds": 2.0,
        "reused": False,
    }
    return row | changes


def not_graded(index, verdict, arm=ARM, **changes):
    scores = dict.fromkeys(("resolved", "success", "tss", "overfit_gap"))
    return score(index, arm, verdict, None, None, None, None, **scores, **changes)


def outcome(index, test_id, outcome, kind, side, arm=ARM):
    return {
        "instance_id": instance_id(index),
        "arm": arm,
        "test_id": test_id,
        "outcome": outcome,
        "kind": kind,
        "side": side,
        "unit": test_id,
        "seconds": 0.1,
    }


def outcomes(index, verdict, public_rate):
    good = {"resolved"}
    public = "passed" if verdict in good or public_rate == 1.0 else "failed"
    hidden = "passed" if verdict in good else "failed"
    partial = "passed" if verdict in {"resolved", "partial"} else "failed"
    return [
        outcome(index, "t.py::f0", public, "fail_to_pass", "public"),
        outcome(index, "t.py::f1", partial, "fail_to_pass", "hidden"),
        outcome(index, "t.py::f2", hidden, "fail_to_pass", "hidden"),
        outcome(index, "t.py::p0", "passed", "pass_to_pass", "public"),
        outcome(index, "t.py::p1", "passed", "pass_to_pass", "hidden"),
    ]


def candidate(index, has_patch, **changes):
    return {
        "instance_id": instance_id(index),
        "patch": "--- made up" if has_patch else None,
        "test_files": "{}",
        "iterations": None,
        "max_iterations": None,
        "status": "done",
        "reason": "",
        "infrastructure_class": None,
        "seconds": 30.0,
        "enforcement": '{"network":"closed"}',
        "reused": index < 4,
        **changes,
    }


def call(index=0, number=0, **changes):
    """A call of a million fresh and a million cached input tokens and half a million output tokens: $6.50 by PRICES."""
    return {
        "call_id": f"{instance_id(index)}/{number}",
        "instance_id": instance_id(index),
        "iteration": 1,
        "step": "fix",
        "sample": 0,
        "request_hash": "r" * 64,
        "model_asked": "made-up",
        "model_answered": "made-up",
        "tokens_in": 2_000_000,
        "tokens_cached": 1_000_000,
        "tokens_out": 500_000,
        "tokens_reasoning": 400_000,
        "tokens_known": True,
        "latency_s": 2.0,
        "was_cached": False,
        "was_paid": True,
        "is_lost": False,
        "retries": 0,
        "finish_reason": "stop",
        **changes,
    }


def transcript(index=0, number=0, **changes):
    return {
        "call_id": f"{instance_id(index)}/{number}",
        "instance_id": instance_id(index),
        "iteration": 1,
        "step": "fix",
        "template": "fix.jinja@0123456789ab",
        "messages": '[{"role":"user","content":"made up"}]',
        "reply": "made up",
        "refusal": "",
        **changes,
    }


def attempt(index, iteration=1, **changes):
    return {
        "instance_id": instance_id(index),
        "iteration": iteration,
        "step": "fix",
        "patch_sha256": None,
        "public_fail_to_pass_passed": None,
        "public_pass_to_pass_passed": None,
        "tokens_in": 0,
        "tokens_out": 0,
        "seconds": 1.0,
        "stop_reason": "",
        "gates": "{}",
        "detail": "{}",
        "git": "none",
        **changes,
    }


def task(index, public_rate):
    return {
        "instance_id": instance_id(index),
        "dataset": "made_up",
        "origin": "release",
        "repo": f"madeup/repo{index % 4}",
        "problem_statement": "made up",
        "environment": "{}",
        "public_fail_to_pass": [] if public_rate is None else ["t.py::f0"],
        "public_pass_to_pass": ["t.py::p0"],
        "public_test_files": "{}",
        "apparent_difficulty": "easy",
        "protocol": "split",
    }


def answer(index):
    return {
        "instance_id": instance_id(index),
        "reference_patch": "",
        "test_patch": "",
        "fail_to_pass": ["t.py::f0", "t.py::f1", "t.py::f2"],
        "pass_to_pass": ["t.py::p0", "t.py::p1"],
        "hidden_fail_to_pass": ["t.py::f1", "t.py::f2"],
        "hidden_pass_to_pass": ["t.py::p1"],
        "difficulty": "easy",
        "units": "{}",
    }


def controls_scored(index):
    nothing = {"verdict": "unresolved", "hfs": 0.0, "public_rate": 0.0, "overall": 0.0}
    return [
        score(index, "control:no_op", **nothing),
        score(index, "control:inert", **nothing),
        score(index, "control:reference"),
    ]


IDENTITY = {
    "name": "made_up", "origin": "release", "place": "rows.jsonl", "revision": None, "rows": 300,
    "file_sha256": "f" * 64, "content_sha256": "c" * 64,
}  # fmt: skip


def made_up_tables(n=10):
    """N valid graded instances that follow STORIES in turn."""
    stories = [STORIES[i % len(STORIES)] for i in range(n)]
    arms = [score(i, ARM, *story) for i, story in enumerate(stories)]
    return PhaseTables(
        instances=[instance(i) for i in range(n)],
        controls=[control_row(i, c) for i in range(n) for c in ("no_op", "inert", "reference")],
        control_outcomes=[],
        tasks=[task(i, story[2]) for i, story in enumerate(stories)],
        answers=[answer(i) for i in range(n)],
        attempts=[],
        candidates=[candidate(i, story[0] != "no_patch") for i, story in enumerate(stories)],
        calls=[],
        outcomes=[o for i, s in enumerate(stories) for o in outcomes(i, s[0], s[2])],
        scores=[*arms, *(s for i in range(n) for s in controls_scored(i))],
        dataset_identity=IDENTITY,
    )


def phase_plan(name):
    raw = yaml.safe_load((CONF / "phase" / f"{name}.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(PhasePlan).validate_python(raw)


def made_up_settings(phase="p1", model="none", **rules):
    raw = yaml.safe_load((CONF / "analysis" / "default.yaml").read_text(encoding="utf-8"))
    conf = TypeAdapter(AnalysisRules).validate_python(raw)
    return AnalysisSettings(
        phase=phase_plan(phase),
        identity=Identity(dataset="made_up", arm=ARM, arm_digest="a" * 64, model=model),
        prices=PRICES,
        rules=dataclasses.replace(conf, **rules),
    )
