"""Runs the controls of one instance: the whole listed tests on the buggy, the inert and the reference state."""

from __future__ import annotations

from dataclasses import dataclass

from bugladder.grading.grade import full_test_files, inert_files, test_paths
from bugladder.grading.settings import GradingSettings
from bugladder.records import BugladderError, Control, Files, Instance, InvalidInstanceError, Outcome, TestReport
from bugladder.records.protocols import OpenWorkspace
from bugladder.workspace import apply_patch

Reports = dict[Control, list[TestReport]]
"""Per control one report per repeat."""


@dataclass(frozen=True)
class ControlRun:
    """One run of one control before the split: test counts and what the command needed."""

    control: Control
    repeat: int
    passed: int
    failed: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Trees:
    """Whole files of the instance's states: the buggy base, and what each control or the test patch lays over it."""

    base: Files
    tests: Files
    arms: dict[Control, Files]
    enforcement: dict[str, str]


def export_trees(instance: Instance, open_workspace: OpenWorkspace, settings: GradingSettings) -> Trees:
    """Export the base once and lay out, on our side, what the test patch and each control make of it."""
    with open_workspace(instance.environment, {}) as workspace:
        base: Files = dict(workspace.tree())
        enforcement = dict(workspace.session.enforcement)
    arms: dict[Control, Files] = {
        Control.NO_OP: {},
        Control.INERT: inert_files(base, settings.paths),
        Control.REFERENCE: apply_patch(base, instance.reference_patch),
    }
    return Trees(base, full_test_files(base, instance.test_patch), arms, enforcement)


def run_controls(instance: Instance, trees: Trees, open_workspace: OpenWorkspace, repeats: int) -> Reports:
    """Run every control `repeats` times, each in a fresh workspace.

    Raises:
        BugladderError: the reference's runs collect nothing; names the instance and the paths.
        InvalidInstanceError: likewise, where the test patch and not the environment names the paths.
    """
    reports: Reports = {c: [] for c in Control}
    chosen = test_paths(instance.environment, trees.tests)
    for _ in range(repeats):
        for control, files in trees.arms.items():
            with open_workspace(instance.environment, {**trees.tests, **files}) as workspace:
                reports[control].append(workspace.test(paths=chosen))
    if not any(r.results for r in reports[Control.REFERENCE]):
        paths = ", ".join(chosen)
        words = reports[Control.REFERENCE][0].command
        tail = (words.stderr or words.stdout).decode("utf-8", "replace").strip()[-200:].replace("\n", " / ")
        # what the environment names is the dataset's promise; that another repository runs here is not
        error = BugladderError if instance.environment.runner.paths else InvalidInstanceError
        raise error(
            f"instance {instance.instance_id}: the test run on {paths} collected nothing; "
            f"its paths and requirements should give at least one test ({tail})"
        )
    return reports


def control_run(control: Control, repeat: int, report: TestReport) -> ControlRun:
    """The row of one run."""
    outcomes = [r.outcome for r in report.results if not r.is_alias]
    passed = outcomes.count(Outcome.PASSED)
    return ControlRun(control, repeat, passed, len(outcomes) - passed, report.command.wall_s, report.command.cpu_s)
