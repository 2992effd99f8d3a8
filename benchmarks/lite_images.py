"""Makes images under the official names for instances of SWE-bench, from a base image, mirrors and our recipes.

    python benchmarks/lite_images.py ROWS MIRRORS ID [ID ...] [--base IMAGE] [--name TEMPLATE]

For machines that reach no registry of images. An image has what the official harness and ours need: root, bash, git,
/testbed at the base commit with some history and a remote, and /opt/miniconda3/bin/activate, whose `conda activate`
puts the environment first. The pins of one recipe are layers that all its images share. The base image needs Python
3.11 and git. What a recipe does by the step `wheel` is not made here.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import BuildError, ImageNotFound
from packaging.version import Version

from bugladder.datasets.swe_bench import SweBenchDataset
from bugladder.records import BugladderError, Environment, Instance, MirrorSource, canonical_json, sha256_text
from bugladder.records.setup_steps import EditableInstall, ReplaceText, StartUpPatches, WheelFiles
from bugladder.sandboxes.environments import provision
from bugladder.sandboxes.setup_files import start_up_files
from bugladder.sources import official
from bugladder.sources.mirrors import find_mirror

OFFICIAL = "swebench/sweb.eval.x86_64.{id}:latest"
_HISTORY = 4
# The eval script of the official harness calls pip; it must neither resolve pins anew nor guess a version from tags.
_PIP = ("pip==24.0",)
_ACTIVATE = "conda() { export PATH=/opt/env/bin:$PATH CONDA_DEFAULT_ENV=$2; }\n"
# A path file, as the build tools of the time made it: with a finder in its place pylint loads its checkers twice.
_INSTALL = "/opt/env/bin/python -m pip install --quiet --no-deps --no-build-isolation "
_INSTALL += "--config-settings editable_mode=compat --editable ."
_SITE = "/opt/env/lib/python3.11/site-packages"
_OLD_NAMES = (
    r"""sed -i 's/return "%s (%s.%s)" % (self._testMethodName, strclass(self.__class__), self._testMethodName)/"""
)
_OLD_NAMES += (
    r"""return "%s (%s)" % (self._testMethodName, strclass(self.__class__))/' /usr/lib/python3.11/unittest/case.py"""
)
_OLD_NAMES += r""" && grep -q 'return "%s (%s)" % (self._testMethodName' /usr/lib/python3.11/unittest/case.py"""


@dataclass(frozen=True)
class ImageMaker:
    """Makes images on the engine of the environment's DOCKER_HOST.

    Args:
        base: the image that all are made from.
        name: template of their names with "{id}".
        cache: folder in which the recipes' environments are kept.
    """

    base: str
    name: str = OFFICIAL
    cache: Path = Path(".bugladder")

    def make(self, instance: Instance) -> str:
        """Make the image of an instance opened from a mirror; its reference.

        Raises:
            BugladderError: its recipe has a step that is not made here, or the mirror lacks the commit.
        """
        reference = self.name.replace("{id}", instance.instance_id.lower().replace("__", "_1776_"))
        # listed names are those of the Python of the official image
        python = official.spec_of(instance.repo, instance.version).python
        is_old = instance.environment.runner.name == "django" and Version(python) < Version("3.11")
        recipe = self._recipe_image(instance.environment, is_old=is_old)
        lines = [f"FROM {recipe}", "COPY testbed /testbed", "WORKDIR /testbed"]
        for step in instance.environment.setup:
            if isinstance(step, EditableInstall):
                lines += [f"ENV {name}={shlex.quote(value)}" for name, value in step.env]
                lines.append(f"RUN {_INSTALL}")
        with tempfile.TemporaryDirectory() as name:
            testbed = Path(name, "testbed")
            _clone(instance.environment.source, testbed)
            _replace_texts(testbed, instance.environment)
            _build(Path(name), lines, reference)
        return reference

    def _recipe_image(self, environment: Environment, *, is_old: bool) -> str:
        """The image of a recipe; is_old: unittest names tests as Pythons before 3.11 do."""
        names = [n for step in environment.setup if isinstance(step, StartUpPatches) for n in step.names]
        if any(isinstance(step, WheelFiles) for step in environment.setup):
            raise BugladderError(f"{environment.source.label}: no image is made of a recipe with the step wheel")
        is_installed = any(isinstance(step, EditableInstall) for step in environment.setup)
        lines = [
            f"FROM {self.base}",
            "RUN python3 -m venv --without-pip /opt/env && mkdir -p /opt/miniconda3/bin",
            *([f"RUN {_OLD_NAMES}"] if is_old else []),
            "COPY activate /opt/miniconda3/bin/activate",
            f"COPY site-packages {_SITE}",
            "COPY bin /opt/env/bin",
            "ENV PIP_NO_DEPS=1",
            # where a recipe installs nothing, an official image still has its repository on the path
            *([] if is_installed else [f"RUN echo /testbed >{_SITE}/testbed.pth"]),
        ]
        made_of = [self.base, lines, environment.requirements, _PIP, names, _ACTIVATE]
        reference = f"bugladder/recipe:{sha256_text(canonical_json(made_of))[:16]}"
        if not _is_there(reference):
            with tempfile.TemporaryDirectory() as name:
                self._lay(Path(name), environment.requirements, names)
                _build(Path(name), lines, reference)
        return reference

    def _lay(self, folder: Path, pins: tuple[str, ...], start_up: Sequence[str]) -> None:
        """The recipe's environment as files: uv's scripts look for the Python beside them, wherever that is."""
        made = provision((*pins, *_PIP), self.cache.resolve())
        shutil.copytree(made / "lib" / "python3.11" / "site-packages", folder / "site-packages", symlinks=True)
        (folder / "bin").mkdir()
        for path in (made / "bin").iterdir():
            if path.is_file() and not path.is_symlink() and not path.name.startswith(("python", "activate")):
                shutil.copy2(path, folder / "bin")
        (folder / "activate").write_text(_ACTIVATE, encoding="utf-8")
        patches = start_up_files(StartUpPatches(tuple(start_up)))
        # a sitecustomize of the system's comes before one of the environment's
        lines = patches.pop("sitecustomize.py").content.decode()
        for path, member in patches.items():
            (folder / "site-packages" / path).write_bytes(member.content)
        if start_up:
            (folder / "site-packages" / "start_up.pth").write_text(lines, encoding="utf-8")


def _clone(source: object, folder: Path) -> None:
    mirror = find_mirror(source) if isinstance(source, MirrorSource) else None
    if mirror is None or not isinstance(source, MirrorSource):
        raise BugladderError(f"{source}: no mirror of it; one bare clone a repository is right")
    git = ("git", "-C", str(folder))
    commands = (
        ("git", "init", "--quiet", str(folder)),
        (*git, "remote", "add", "origin", f"https://github.com/{source.repo}.git"),
        (*git, "fetch", "--quiet", f"--depth={_HISTORY}", mirror.resolve().as_uri(), source.commit),
        (*git, "checkout", "--quiet", "-B", "main", source.commit),
    )
    for command in commands:
        subprocess.run(command, check=True)


def _replace_texts(testbed: Path, environment: Environment) -> None:
    for step in environment.setup:
        if isinstance(step, ReplaceText) and (path := testbed / step.path).is_file():
            path.write_bytes(path.read_bytes().replace(step.old.encode(), step.new.encode()))


def _is_there(reference: str) -> bool:
    try:
        docker.from_env().images.get(reference)
    except ImageNotFound:
        return False
    return True


def _build(folder: Path, lines: Sequence[str], reference: str) -> None:
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        docker.from_env(timeout=600).images.build(
            path=str(folder), tag=reference, rm=True, forcerm=True, network_mode="none"
        )
    except BuildError as error:
        said = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise BugladderError(f"image {reference} cannot be built: {said[-1500:]}") from error


def main() -> None:
    """Make the images asked for and print their names."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("rows")
    asked.add_argument("mirrors")
    asked.add_argument("ids", nargs="+")
    asked.add_argument("--base", default="local/base:py3")
    asked.add_argument("--name", default=OFFICIAL)
    asked.add_argument("--recipes", default="data/swe_bench/recipes")
    asked.add_argument("--cache", type=Path, default=Path(".bugladder"))
    given = asked.parse_args()
    dataset = SweBenchDataset(file=given.rows, mirrors=given.mirrors, recipes=given.recipes)
    maker = ImageMaker(given.base, given.name, given.cache)
    for instance in dataset.load(given.ids):
        print(maker.make(instance), flush=True)


if __name__ == "__main__":
    main()
