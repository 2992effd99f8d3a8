"""Makes the golden logs of tests/runners/golden: the official test command's output and our report on the same states.

    python benchmarks/golden_logs.py ROWS MIRRORS INSTANCE [INSTANCE ...]

ROWS is a SWE-bench file, MIRRORS a folder of bare clones. For each instance, before and after its reference patch with
its tests in place, the official command runs in a local session and its output is kept; our runner runs in another,
and every outcome that it reports is kept beside it. Nothing of the rows is: the listed ids stay out.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

from bugladder.datasets.swe_bench import SweBenchDataset
from bugladder.grading.control_runs import Trees, export_trees
from bugladder.grading.grade import test_paths
from bugladder.grading.settings import GradingSettings
from bugladder.records import Command, Control, Environment, Instance
from bugladder.runners.django import module_labels
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox
from bugladder.sources.official import spec_of
from bugladder.workspace import Workspace

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "runners" / "golden"
STATES = {"before": Control.NO_OP, "after": Control.REFERENCE}
_TIMEOUT_S = 600.0
# What stands in the official images of sphinx for its command, with what that needs.
_TOX = (
    "cachetools==8.0.1", "chardet==7.7.0", "colorama==0.4.6", "distlib==0.4.4", "filelock==4.2.11",
    "platformdirs==4.14.7", "pyproject-api==1.12.1", "python-discovery==1.9.5", "tox==4.16.0",
    "tox-current-env==0.0.11", "virtualenv==21.15.8",
)  # fmt: skip
# Seconds, addresses and temporary folders differ from run to run and are no outcome.
_UNSTABLE = re.compile(r"\b\d+\.\d+ ?s(?:econds)?\b|0x[0-9a-f]{6,}|/tmp/[\w.-]+|session-[\w-]+")


def official_argv(instance: Instance, paths: tuple[str, ...]) -> tuple[str, ...]:
    """The official command, by the interpreter of the environment."""
    program, *options = spec_of(instance.repo, instance.version).command
    if program == "tox":
        # its environment is named after the interpreter, and it hands on only the variables that it is told to
        options = [f"-epy{instance.environment.python.replace('.', '')}" if o.startswith("-e") else o for o in options]
        return ("python", "-m", "tox", "--override=testenv.pass_env=PYTHONPATH", *options, *paths)
    if program == "pytest":
        # what lets an old pytest run on a younger interpreter is no part of the command, and has to be there
        return ("python", "-m", "pytest", *options, *instance.environment.runner.options, *paths)
    files = module_labels(paths) if instance.environment.runner.name == "django" else paths
    return ("python", program.removeprefix("./"), *options, *files)


def with_tox(instance: Instance) -> Environment:
    """The instance's environment, with tox where the official command is one of it."""
    environment = instance.environment
    if spec_of(instance.repo, instance.version).command[0] != "tox":
        return environment
    return replace(environment, requirements=tuple(sorted({*environment.requirements, *_TOX})))


def official_log(workspace: Workspace, instance: Instance, paths: tuple[str, ...]) -> str:
    """What the official command prints in an open workspace."""
    session, spec = workspace.session, instance.environment.runner
    folders = [session.root if p == "." else f"{session.root}/{p}" for p in spec.pythonpath]
    argv = official_argv(instance, paths)
    if "tox" in argv:
        # as the official set-up does it, so that every outcome is printed
        workspace.run("sed", "-i", "s/pytest/pytest -rA/", "tox.ini")
        # tox starts the interpreter by a link of its own, which does not find what stands beside it
        where = workspace.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout
        folders.append(where.decode().strip())
    env = {
        **dict(spec_of(instance.repo, instance.version).env),
        "PYTHONPATH": ":".join([*folders, *session.pythonpath]),
    }
    done = session.run(Command(("sh", "-c", 'exec "$@" 2>&1', "sh", *argv), _TIMEOUT_S, env=tuple(env.items())))
    log = done.stdout.decode("utf-8", "replace").replace(os.path.realpath(sys.base_prefix), "/python")
    return _UNSTABLE.sub("~", log)


def write_case(instance: Instance, trees: Trees, opener) -> None:  # noqa: ANN001 - an OpenWorkspace
    """Both states of one instance."""
    folder = GOLDEN / instance.instance_id
    folder.mkdir(parents=True, exist_ok=True)
    paths = test_paths(instance.environment, trees.tests)
    found = {}
    for state, control in STATES.items():
        files = {**trees.tests, **trees.arms[control]}
        with opener(with_tox(instance), files) as workspace:
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
