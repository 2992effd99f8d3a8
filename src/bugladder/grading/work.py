"""Controls and grading as work of the batch loop: records in, JSON-ready rows out, so that they can be stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bugladder.grading.controls import Calibration, calibrate
from bugladder.grading.grade import Grader
from bugladder.grading.own_tests import OwnTests, judge_own_tests
from bugladder.grading.settings import GradingSettings
from bugladder.records import Answer, Candidate, Control, Files, Instance, Task, canonical_json
from bugladder.records.protocols import OpenWorkspace
from bugladder.records.rows import answer_row, outcome_row, task_row
from bugladder.scoring.split import SplitSettings


@dataclass(frozen=True)
class ControlWork:
    """Calibrates instances; call it with an Instance."""

    open_workspace: OpenWorkspace
    settings: GradingSettings
    split: SplitSettings

    def __call__(self, instance: Instance) -> dict[str, Any]:
        """Rows of controls, task, answer and control_outcomes of one instance, and `was_cut`."""
        found = calibrate(instance, self.open_workspace, self.settings, self.split)
        return {
            "controls": _control_rows(instance, found),
            "task": task_row(found.task) if found.task else None,
            "answer": answer_row(found.answer) if found.answer else None,
            "outcomes": [
                outcome_row(instance.instance_id, control.arm, o)
                for control, grade in found.grades
                for o in grade.outcomes
            ],
            "was_cut": found.was_cut,
        }


def _control_rows(instance: Instance, found: Calibration) -> list[dict[str, Any]]:
    """One row per run before the split, and one per control as graded (repeat 0)."""
    shared = {
        "instance_id": instance.instance_id,
        "valid": not found.reason,
        "verdict": "invalid_instance" if found.reason else "valid",
        "reason": found.reason,
        "left": canonical_json(dict(found.left)),
        "protocol": found.protocol,
        "protocol_reason": found.protocol_reason,
        "environment_digest": instance.environment.digest,
        "enforcement": canonical_json(found.enforcement),
    }
    runs = [
        {
            "control": r.control.value,
            "repeat": r.repeat,
            "passed": r.passed,
            "failed": r.failed,
            "seconds": r.seconds,
            "cpu_seconds": r.cpu_seconds,
        }
        for r in found.runs
    ]
    graded = [_graded_row(control, grade.outcomes, grade.seconds) for control, grade in found.grades]
    return [{**shared, **row} for row in [*runs, *graded]]


def _graded_row(control: Control, outcomes: Any, seconds: float) -> dict[str, Any]:
    passed = sum(o.outcome.value == "passed" for o in outcomes)
    return {
        "control": control.value,
        "repeat": 0,
        "passed": passed,
        "failed": len(outcomes) - passed,
        "seconds": seconds,
        "cpu_seconds": 0.0,
    }


@dataclass(frozen=True)
class GradeWork:
    """Grades candidates; call it with (task, answer, candidate)."""

    open_workspace: OpenWorkspace
    settings: GradingSettings

    def __call__(self, payload: tuple[Task, Answer, Candidate]) -> dict[str, Any]:
        """Graded outcomes (without an arm's name), own tests, what was dropped, and `was_cut`."""
        task, answer, candidate = payload
        with self.open_workspace(task.environment, {}) as workspace:
            base: Files = dict(workspace.tree())
            grader = Grader(task.environment, answer, base, self.open_workspace, self.settings)
            grade = grader.grade_in(workspace, candidate.patch or "")
        own = self._own(grader, candidate)
        return {
            "applied": grade.applied,
            "applied_by": grade.applied_by.value if grade.applied_by else None,
            "reason": grade.reason,
            "outcomes": [outcome_row(task.instance_id, "", o) for o in (*grade.outcomes, *own.outcomes)],
            "own_valid": list(own.valid),
            "own_written": list(own.written),
            "dropped": list(grade.dropped),
            "seconds": grade.seconds,
            "was_cut": grade.was_cut,
        }

    @staticmethod
    def _own(grader: Grader, candidate: Candidate) -> OwnTests:
        return (
            judge_own_tests(grader, candidate.test_files, candidate.patch or "") if candidate.test_files else OwnTests()
        )


def brings_anything(candidate: Candidate) -> bool:
    """Whether there is a patch or a test to grade: the empty candidate is the no_op control, graded already."""
    return bool((candidate.patch or "").strip()) or bool(candidate.test_files)
