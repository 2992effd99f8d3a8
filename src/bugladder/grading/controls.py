"""Calibrates one instance: controls first, then split, cut, verify, and the controls once more as they are graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bugladder.grading.belief import outcomes_of, trouble_of
from bugladder.grading.control_runs import ControlRun, Reports, Trees, control_run, export_trees, run_controls
from bugladder.grading.grade import Grade, Grader, test_paths
from bugladder.grading.issue_text import FailingTest, issue_text
from bugladder.grading.settings import GradingSettings
from bugladder.records import Answer, Control, Files, Instance, InvalidInstanceError, Outcome, Task, TestReport
from bugladder.records.protocols import OpenWorkspace
from bugladder.records.weights import ScoringSettings
from bugladder.scoring.cut import cut
from bugladder.scoring.scores import Evidence, score_instance
from bugladder.scoring.split import ListedTests, Split, SplitSettings, split
from bugladder.scoring.units import UnitFinder
from bugladder.scoring.validity import Validity, judge
from bugladder.workspace import make_patch


@dataclass(frozen=True)
class Calibration:
    """What control found out about one instance. task and answer are None where it is invalid."""

    reason: str
    left: tuple[tuple[str, str], ...]
    runs: tuple[ControlRun, ...]
    protocol: str
    protocol_reason: str
    enforcement: dict[str, str]
    was_cut: bool = False
    task: Task | None = None
    answer: Answer | None = None
    grades: tuple[tuple[Control, Grade], ...] = ()


@dataclass(frozen=True)
class _Case:
    """One instance on its way through calibration."""

    instance: Instance
    trees: Trees
    reports: Reports
    open_workspace: OpenWorkspace
    settings: GradingSettings


def calibrate(
    instance: Instance, open_workspace: OpenWorkspace, settings: GradingSettings, split_settings: SplitSettings
) -> Calibration:
    """Run an instance's controls and make its task and its answer.

    Raises:
        BugladderError: the test command collects nothing; names the instance and the paths.
    """
    try:
        return _calibrate(instance, open_workspace, settings, split_settings)
    except InvalidInstanceError as error:
        runs = tuple(ControlRun(c, 1, 0, 0, 0.0, 0.0) for c in Control)
        return Calibration(str(error), (), runs, split_settings.protocol, "", {})


def _calibrate(
    instance: Instance, open_workspace: OpenWorkspace, settings: GradingSettings, split_settings: SplitSettings
) -> Calibration:
    trees = export_trees(instance, open_workspace, settings)
    reports = run_controls(instance, trees, open_workspace, settings.repeats)
    case = _Case(instance, trees, reports, open_workspace, settings)
    outcomes = {c: [outcomes_of(r) for r in repeats] for c, repeats in reports.items()}
    validity = judge(instance.fail_to_pass, instance.pass_to_pass, outcomes, instance.environment.runner.parser)
    found = Calibration(
        reason=_with_trouble(validity.reason, reports[Control.REFERENCE]),
        left=validity.left,
        runs=tuple(control_run(c, n, r) for c, repeats in reports.items() for n, r in enumerate(repeats, start=1)),
        protocol=split_settings.protocol,
        protocol_reason="",
        enforcement=trees.enforcement,
        was_cut=any(r.command.timed_out for repeats in reports.values() for r in repeats),
    )
    return _split_and_grade(case, validity, split_settings, found) if validity.is_valid else found


def _with_trouble(reason: str, reference: Sequence[TestReport]) -> str:
    """Why an instance is invalid, with what was wrong with the runs that should have passed."""
    trouble = next((t for t in map(trouble_of, reference) if t), "")
    return f"{reason} ({trouble})" if reason and trouble else reason


def _listed(case: _Case, validity: Validity) -> ListedTests:
    finder = UnitFinder({**case.trees.base, **case.trees.tests}, case.settings.paths)
    first = [case.reports[control][0] for control in (Control.NO_OP, Control.REFERENCE)]
    units = {r.test_id: finder.unit(r) for report in first for r in report.results}
    return ListedTests(case.instance.instance_id, validity.fail_to_pass, validity.pass_to_pass, units, finder.is_source)


def _split_and_grade(case: _Case, validity: Validity, split_settings: SplitSettings, found: Calibration) -> Calibration:
    listed = _listed(case, validity)
    divided = split(listed, split_settings)
    if not divided.hidden_fail_units:
        return replace(found, reason="no FAIL_TO_PASS unit can be hidden: all stand in source files")
    statement = _problem_statement(case, divided, listed)
    if not statement:
        return replace(found, reason="no failure that both runs show alike: no issue text can be made")
    shown = _shown_files(case.trees, divided, split_settings.protocol)
    trouble = _cut_trouble(case, divided, shown) if split_settings.protocol == "split" else ""
    if trouble:
        found = replace(found, protocol="blind", protocol_reason=trouble)
        divided = split(listed, replace(split_settings, protocol="blind"))
        shown = _shown_files(case.trees, divided, "blind")
    answer = _answer(case.instance, divided, listed)
    grades = _grade_controls(case, answer)
    reason = _trouble_at_grading(grades)
    return replace(
        found,
        reason=reason,
        was_cut=found.was_cut or any(g.was_cut for g in grades.values()),
        task=None if reason else _task(case, statement, divided, shown, found.protocol),
        answer=None if reason else answer,
        grades=tuple(grades.items()),
    )


def _grade_controls(case: _Case, answer: Answer) -> dict[Control, Grade]:
    trees = case.trees
    grader = Grader(case.instance.environment, answer, trees.base, case.open_workspace, case.settings)
    return {
        control: grader.grade(make_patch({p: trees.base.get(p) for p in files}, files))
        for control, files in trees.arms.items()
    }


def _problem_statement(case: _Case, divided: Split, listed: ListedTests) -> str:
    """The issue text; for an instance whose text is made from tests, from those that both runs show alike."""
    instance = case.instance
    if not instance.issue_from_tests:
        return instance.problem_statement
    first, second = ({r.test_id: r.message for r in report.results} for report in case.reports[Control.NO_OP][:2])

    def text(ids: Sequence[str], messages: dict[str, str]) -> str:
        return issue_text(instance.repo, [FailingTest(i, messages.get(i, "")) for i in ids])

    shown = [i for i in listed.fail_to_pass if listed.units[i] in divided.shown_units]
    alike = [i for i in shown if text([i], first) == text([i], second)]
    return text(alike, first) if alike else ""


def _shown_files(trees: Trees, divided: Split, protocol: str) -> Files:
    """What is laid over the base for a solver: test files without their hidden units.

    Blind shows nothing of the test patch; only failing tests that stand in the base itself are cut.
    """
    if protocol == "blind":
        return cut(trees.base, divided.hidden_fail_units)
    full = {**trees.base, **trees.tests}
    shown: Files = dict(trees.tests)
    if any("::" not in unit for unit in divided.hidden_units):
        # a hidden unit without a definition lives in data: the test patch's data stays away with it
        shown = {p: (c if p.endswith(".py") else trees.base.get(p)) for p, c in shown.items()}
    return {**shown, **cut(full, divided.hidden_units)}


def _cut_trouble(case: _Case, divided: Split, shown: Files) -> str:
    """Why the cut files do not give the public tests' outcomes of the full ones ("" where they do)."""
    public = [*divided.public_fail_to_pass, *divided.public_pass_to_pass]
    if not public:
        return ""
    for control in (Control.NO_OP, Control.REFERENCE):
        with case.open_workspace(case.instance.environment, {**shown, **case.trees.arms[control]}) as workspace:
            seen = outcomes_of(workspace.test(public, paths=test_paths(case.instance.environment, case.trees.tests)))
        for test in public:
            should_pass = control is Control.REFERENCE or test in divided.public_pass_to_pass
            if (seen.get(test, Outcome.MISSING) is Outcome.PASSED) != should_pass:
                return f"cut files change a public test under {control.value}: {test}"
    return ""


def _answer(instance: Instance, divided: Split, listed: ListedTests) -> Answer:
    kept = [*listed.fail_to_pass, *listed.pass_to_pass]
    return Answer(
        instance_id=instance.instance_id,
        reference_patch=instance.reference_patch,
        test_patch=instance.test_patch,
        fail_to_pass=listed.fail_to_pass,
        pass_to_pass=listed.pass_to_pass,
        hidden_fail_to_pass=divided.hidden_fail_to_pass,
        hidden_pass_to_pass=divided.hidden_pass_to_pass,
        difficulty=instance.difficulty,
        units={i: listed.units[i] for i in kept},
    )


def _task(case: _Case, statement: str, divided: Split, shown: Files, protocol: str) -> Task:
    instance, environment = case.instance, case.instance.environment
    if protocol == "split":
        # the files are shown, so which ones they are is no secret any more
        runner = replace(environment.runner, paths=test_paths(environment, case.trees.tests))
        environment = replace(environment, runner=runner)
    return Task(
        instance_id=instance.instance_id,
        dataset=instance.dataset,
        origin=instance.origin,
        repo=instance.repo,
        problem_statement=statement,
        environment=environment,
        public_fail_to_pass=divided.public_fail_to_pass,
        public_pass_to_pass=divided.public_pass_to_pass,
        apparent_difficulty=instance.apparent_difficulty,
        protocol=protocol,
        public_test_files=shown,
    )


def _trouble_at_grading(grades: dict[Control, Grade]) -> str:
    """Why the controls do not hold as graded ("" if they do): no_op, inert HFS 0; reference resolved, HFS 1."""
    for control, grade in grades.items():
        scores = score_instance(Evidence(grade.outcomes, has_patch=True, applied=grade.applied), ScoringSettings())
        if control is Control.REFERENCE and not (scores.resolved and scores.hfs == 1.0):
            found = f"reference is {scores.verdict.value} with HFS {scores.hfs:.2f} {grade.reason}"
            return f"control at grading: {found.strip()}"
        if control is not Control.REFERENCE and (scores.resolved or scores.hfs != 0.0):
            return f"control at grading: {control.value} is {scores.verdict.value} with HFS {scores.hfs:.2f}"
    return ""
