"""Decides whether catalog entries still hold: their instance built anew and run both ways, compared with the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bugladder.mining.runs import Runs, read_runs, run_both_ways
from bugladder.records import BugladderError, Files, InfrastructureError, Instance
from bugladder.records.paths import PathRules
from bugladder.records.protocols import OpenWorkspace
from bugladder.workspace import apply_patch

_NAMED = 3


@dataclass(frozen=True)
class Validity:
    """What re-checking an entry found; problem is empty where it holds."""

    instance_id: str
    problem: str
    cpu_seconds: float


@dataclass(frozen=True)
class Validator:
    """What re-checking is handed: a way to open workspaces, path rules and the bound on a run's CPU seconds."""

    open_workspace: OpenWorkspace
    rules: PathRules
    max_cpu_s: float = 20.0

    def check(self, instance: Instance, pristine: Mapping[str, bytes]) -> Validity:
        """Run an instance both ways and compare with what it lists.

        Args:
            instance: as the dataset loads it.
            pristine: files of its sdist.

        Raises:
            InfrastructureError: the sandbox or the index cannot be reached.
        """
        try:
            runs = self._runs(instance, pristine)
        except InfrastructureError:
            raise
        except BugladderError as error:
            return Validity(instance.instance_id, str(error), 0.0)
        return Validity(instance.instance_id, _difference(instance, runs), runs.cpu_seconds)

    def _runs(self, instance: Instance, pristine: Mapping[str, bytes]) -> Runs:
        base: Files = {**pristine, **instance.environment.overlay}
        tests = apply_patch(base, instance.test_patch)
        fixed = {**tests, **apply_patch({**base, **tests}, instance.reference_patch)}
        reports = run_both_ways(instance.environment, fixed, tests, self.open_workspace, self.max_cpu_s)
        return read_runs(reports, {**base, **fixed}, self.rules)


def _difference(instance: Instance, runs: Runs) -> str:
    if not runs.fail_to_pass:
        return "no test fails before and passes after"
    problems = [
        _named("no longer fail to pass", set(instance.fail_to_pass) - set(runs.fail_to_pass)),
        _named("no longer pass in both", set(instance.pass_to_pass) - set(runs.pass_to_pass)),
        _named("fail to pass and are not listed", set(runs.fail_to_pass) - set(instance.fail_to_pass)),
    ]
    return "; ".join(p for p in problems if p)


def _named(what: str, ids: set[str]) -> str:
    if not ids:
        return ""
    shown = ", ".join(sorted(ids)[:_NAMED])
    return f"{len(ids)} {what}: {shown}{', ...' if len(ids) > _NAMED else ''}"
