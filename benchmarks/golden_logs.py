"""Makes the golden logs of tests/runners/golden: the official test command's output and our report on the same states.

    python benchmarks/golden_logs.py ROWS MIRRORS INSTANCE [INSTANCE ...]

ROWS is a SWE-bench file, MIRRORS a folder of bare clones. For each instance, before and after its reference patch with
its tests in place, the official command runs in a local session and its output is kept; our runner runs in another,
and every outcome that it reports is kept beside it. Nothing of the rows is: the listed ids stay out.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from bugladder.datasets.swe_bench import SweBenchDataset
from bugladder.grading.control_runs import Trees, export_trees
from bugladder.grading.grade import test_paths
from bugladder.grading.settings import GradingSettings
from bugladder.records import Command, Control, Instance
from bugladder.runners.django import module_labels
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox
from bugladder.sources.official import spec_of
from bugladder.workspace import Workspace

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "runners" / "golden"
STATES = {"before": Control.NO_OP, "after": Control.REFERENCE}
_TIMEOUT_S = 600.0
# Seconds, addresses and temporary folders differ from run to run and are no outcome.
_UNSTABLE = re.compile(r"\b\d+\.\d+ ?s(?:econds)?\b|0x[0-9a-f]{6,}|/tmp/[\w.-]+|session-[\w-]+")


def official_argv(instance: Instance, paths: tuple[str, ...]) -> tuple[str, ...]:
    """The official command without its wrappers: tox only calls pytest, and its interpreter is the environment's."""
    program, *options = spec_of(instance.repo, instance.version).command
    if program == "tox":
        return ("python", "-m", "pytest", "-rA", *paths)
    if program == "pytest":
        return ("python", "-m", "pytest", *options, *paths)
    files = module_labels(paths) if instance.environment.runner.name == "django" else paths
    return ("python", program.removeprefix("./"), *options, *files)


def official_log(workspace: Workspace, instance: Instance, paths: tuple[str, ...]) -> str:
    """What the official command prints in an open workspace."""
    session, spec = workspace.session, instance.environment.runner
    folders = [session.root if p == "." else f"{session.root}/{p}" for p in spec.pythonpath]
    env = {
        **dict(spec_of(instance.repo, instance.version).env),
        "PYTHONPATH": ":".join([*folders, *session.pythonpath]),
    }
    argv = ("sh", "-c", 'exec "$@" 2>&1', "sh", *official_argv(instance, paths))
    done = session.run(Command(argv, _TIMEOUT_S, env=tuple(env.items())))
    return _UNSTABLE.sub("~", done.stdout.decode("utf-8", "replace"))


def write_case(instance: Instance, trees: Trees, opener) -> None:  # noqa: ANN001 - an OpenWorkspace
    """Both states of one instance."""
    folder = GOLDEN / instance.instance_id
    folder.mkdir(parents=True, exist_ok=True)
    paths = test_paths(instance.environment, trees.tests)
    found = {}
    for state, control in STATES.items():
        files = {**trees.tests, **trees.arms[control]}
        with opener(instance.environment, files) as workspace:
            (folder / f"{state}.log").write_text(official_log(workspace, instance, paths), encoding="utf-8")
        with opener(instance.environment, files) as workspace:
            found[state] = {i: o.value for i, o in sorted(workspace.test(paths=paths).outcomes().items())}
    case = {"parser": instance.environment.runner.parser, "version": instance.version, "outcomes": found}
    (folder / "ours.json").write_text(json.dumps(case, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(rows: str, mirrors: str, *ids: str) -> None:
    """Write a case for each instance."""
    dataset = SweBenchDataset(file=rows, mirrors=mirrors)
    opener = workspace_opener(LocalSandbox(memory_mb=4096), _TIMEOUT_S, label="golden")
    for instance in dataset.load(ids):
        write_case(instance, export_trees(instance, opener, GradingSettings()), opener)
        print(f"{instance.instance_id}: written to {GOLDEN / instance.instance_id}")


if __name__ == "__main__":
    main(*sys.argv[1:])
