"""The same patches graded without us: a bare `docker run`, and the official harness, unchanged and trimmed."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker

from bugladder.records import ImageSource, Instance
from bugladder.sources import official

_START, _END = ">>>>> Start Test Output", ">>>>> End Test Output"
_INSTALL = "python -m pip install"


class Bare:
    """What grading costs at least: a container, both patches applied, the test command, its output read."""

    name = "bare docker run"

    def __init__(self, instances: Sequence[Instance]) -> None:
        """Nothing runs yet."""
        self._instances = instances

    def run(self, workers: int) -> dict[str, bool]:
        """Whether each instance is resolved."""
        with ThreadPoolExecutor(workers) as pool:
            return dict(
                zip([i.instance_id for i in self._instances], pool.map(self._one, self._instances), strict=True)
            )

    def _one(self, instance: Instance) -> bool:
        script = "\n".join([*_activation(), "git apply - || exit", *_exports(instance), f"{_command(instance)} 2>&1"])
        argv = ["docker", "run", "--rm", "-i", "--network=none", _image(instance), "bash", "-c", script]
        patches = (instance.reference_patch + instance.test_patch).encode()
        log = subprocess.run(argv, input=patches, capture_output=True, check=False).stdout.decode("utf-8", "replace")
        statuses = official.parse_log(instance.environment.runner.parser, log)
        return official.resolution(statuses, instance.fail_to_pass, instance.pass_to_pass) == "RESOLVED_FULL"


class Harness:
    """The official harness 5.0.2 in an environment of its own, on a local file of rows.

    Trimmed: its images end at once when they are stopped, and its scripts do not install the repository again.
    """

    def __init__(self, python: Path, instances: Sequence[Instance], *, trimmed: bool) -> None:
        """Make the images and the rows; python is the interpreter that has the harness."""
        self.name = "official 5.0.2, trimmed" if trimmed else "official 5.0.2, unchanged"
        self._python = python
        self._rows = [
            _row(i, _stopped_at_once(_image(i)) if trimmed else _image(i), trimmed=trimmed) for i in instances
        ]
        self._patches = {i.instance_id: i.reference_patch for i in instances}

    def run(self, workers: int) -> dict[str, bool]:
        """Whether each instance is resolved."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            model = {"model_name_or_path": "reference"}
            predictions = [{"instance_id": i, "model_patch": p, **model} for i, p in self._patches.items()]
            (folder / "rows.json").write_text(json.dumps(self._rows), encoding="utf-8")
            (folder / "predictions.json").write_text(json.dumps(predictions), encoding="utf-8")
            options = f"-d rows.json -p predictions.json --max_workers {workers} -id bench"
            argv = [str(self._python), "-m", "swebench.harness.run_evaluation", *options.split()]
            subprocess.run(argv, cwd=folder, check=True, capture_output=True)
            return {i: self._verdict(folder, i) for i in self._patches}

    @staticmethod
    def _verdict(folder: Path, instance_id: str) -> bool:
        # its exit code is 0 whatever happened
        report = folder / "logs" / "run_evaluation" / "bench" / "reference" / instance_id / "report.json"
        return report.is_file() and bool(json.loads(report.read_text(encoding="utf-8"))[instance_id]["resolved"])


def _image(instance: Instance) -> str:
    source = instance.environment.source
    if not isinstance(source, ImageSource):
        raise SystemExit(f"{instance.instance_id}: not opened in an image")
    return source.image


def _row(instance: Instance, image: str, *, trimmed: bool) -> dict[str, Any]:
    return {
        "instance_id": instance.instance_id,
        "repo": instance.repo,
        "version": instance.version,
        "base_commit": instance.environment.source.commit,
        "problem_statement": instance.problem_statement,
        "patch": instance.reference_patch,
        "test_patch": instance.test_patch,
        "FAIL_TO_PASS": json.dumps(instance.fail_to_pass),
        "PASS_TO_PASS": json.dumps(instance.pass_to_pass),
        "image": image,
        "eval_script": _eval_script(instance, trimmed=trimmed),
        "log_parser": instance.environment.runner.parser,
        "eval_type": "pass_and_fail",
    }


def _eval_script(instance: Instance, *, trimmed: bool) -> str:
    """The commands of the official scripts in their order."""
    files = shlex.join(_test_files(instance))
    commit = instance.environment.source.commit
    install = [] if trimmed else [f"{_INSTALL} -e ."]
    lines = [
        "#!/bin/bash",
        "set -uxo pipefail",
        *_activation(),
        *_exports(instance),
        "git config --global --add safe.directory /testbed",
        "git status",
        "git show",
        f"git -c core.fileMode=false diff {commit}",
        *_activation(),
        *install,
        f"git checkout {commit} {files}",
        f"git apply -v - <<'END_OF_TEST_PATCH'\n{instance.test_patch}\nEND_OF_TEST_PATCH",
        f": '{_START}'",
        _command(instance),
        f": '{_END}'",
        f"git checkout {commit} {files}",
    ]
    return "\n".join(lines) + "\n"


def _activation() -> list[str]:
    return ["source /opt/miniconda3/bin/activate", "conda activate testbed", "cd /testbed"]


def _exports(instance: Instance) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in instance.environment.runner.env]


def _command(instance: Instance) -> str:
    """The official test command on the files that the test patch touches; their modules for django."""
    files = _test_files(instance)
    if instance.repo == "django/django":
        files = [f.removeprefix("tests/").removesuffix(".py").replace("/", ".") for f in files if f.endswith(".py")]
    return shlex.join([*official.spec_of(instance.repo, instance.version).command, *files])


def _test_files(instance: Instance) -> list[str]:
    heads = [line.split(" b/", 1)[1] for line in instance.test_patch.splitlines() if line.startswith("diff --git a/")]
    return [path for path in heads if path.endswith(".py")]


def _stopped_at_once(image: str) -> str:
    """The image with another signal to stop it: its first process ignores the usual one for the grace time."""
    name = f"bugladder-bench/{image.rpartition('/')[2].rpartition(':')[0]}:stopped"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Dockerfile").write_text(f"FROM {image}\nSTOPSIGNAL SIGKILL\n", encoding="utf-8")
        docker.from_env(timeout=600).images.build(path=folder, tag=name, rm=True, network_mode="none")
    return name
