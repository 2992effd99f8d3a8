"""The recipes of environments: how a repository's versions are set up without an image, as facts in YAML files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import ConfigDict, TypeAdapter, ValidationError

from bugladder.records import BugladderError
from bugladder.records.setup_steps import SetupStep, step_of_plain

_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class SourceLines:
    """Lines of the source files (tests aside) of one release: how large the repository is."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    release: str
    lines: int


@dataclass(frozen=True)
class Seen:
    """What was seen when the recipe was tried; nothing here decides anything.

    Args:
        python: the interpreter versions that it ran with.
        executed: instances of SWE-bench Lite that were run.
        valid: those whose listed tests came out as listed.
        valid_ids_s: some valid ones by number, with the seconds of one test run under load.
        notes: what to mind.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    python: tuple[str, ...]
    executed: int | None = None
    valid: int | None = None
    valid_ids_s: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class VersionRecipe:
    """The environment of a range of versions, or the reason why there is none.

    Args:
        versions: a version specifier on the row's version.
        python: the interpreter.
        requires: what was asked for.
        pins: what was resolved from it, in full; only this is installed.
        env: variables of the test command.
        options: further options of the test command.
        setup: steps on the checkout, as `records.setup_steps` knows them; "{version}" stands for the row's version.
        obstacle: why these versions cannot be set up; then nothing else is given.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    versions: str
    python: str = ""
    requires: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    setup: tuple[dict[str, Any], ...] = ()
    obstacle: str = ""

    def steps(self, version: str) -> tuple[SetupStep, ...]:
        """The set-up steps for one version."""
        text = json.dumps(self.setup).replace("{version}", version)
        return tuple(step_of_plain(_pairs(step)) for step in json.loads(text))


@dataclass(frozen=True)
class Recipe:
    """One repository.

    Args:
        repo: "owner/name".
        parser: the official log parser whose spelling its listed test ids have.
        runner: the runner plug.
        options: options of the test command.
        pythonpath: as in records.RunnerSpec.
        source_lines: how large it is.
        seen: what was seen.
        environments: by range of versions; none overlap.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    repo: str
    parser: str
    runner: str
    source_lines: SourceLines
    seen: Seen
    environments: tuple[VersionRecipe, ...]
    options: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = (".",)

    def for_version(self, version: str) -> VersionRecipe | None:
        """The recipe of a version, None where no range holds it.

        Raises:
            BugladderError: the version cannot be compared, or two ranges hold it.
        """
        try:
            found = [
                e for e in self.environments if SpecifierSet(e.versions).contains(Version(version), prereleases=True)
            ]
        except (InvalidVersion, InvalidSpecifier) as error:
            raise BugladderError(f"recipe of {self.repo}: version {version!r}: {error}") from error
        if len(found) > 1:
            ranges = " and ".join(e.versions for e in found)
            raise BugladderError(f"recipe of {self.repo}: version {version} is in {ranges}; one range is right")
        return found[0] if found else None


def find_recipe(folder: Path, repo: str) -> Recipe | None:
    """The recipe in <folder>/<owner>__<name>.yaml, None where there is no such file.

    Raises:
        BugladderError: a key is missing, unknown or ill-typed, or a set-up step is none.
    """
    path = folder / f"{repo.replace('/', '__')}.yaml"
    try:
        stamp = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _read(path, stamp)


@lru_cache(maxsize=64)
def _read(path: Path, stamp: int) -> Recipe:
    del stamp  # part of the key, so that an edited recipe is read anew
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        # through JSON, so that lists may become tuples while every other conversion is refused
        recipe: Recipe = TypeAdapter(Recipe).validate_json(json.dumps(raw))
    except yaml.YAMLError as error:
        raise BugladderError(f"{path}: not readable as YAML ({' '.join(str(error).split())})") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise BugladderError(f"{path}: key {'.'.join(str(p) for p in first['loc'])!r}: {first['msg']}") from error
    for environment in recipe.environments:
        _check(environment, path)
    return recipe


def _check(environment: VersionRecipe, path: Path) -> None:
    where = f"{path}: versions {environment.versions!r}"
    if bool(environment.obstacle) == bool(environment.pins):
        raise BugladderError(f"{where}: either pins or an obstacle is right")
    try:
        SpecifierSet(environment.versions)
        environment.steps("1.0")
    except (BugladderError, InvalidSpecifier) as error:
        raise BugladderError(f"{where}: {error}") from error


def _pairs(step: dict[str, Any]) -> dict[str, Any]:
    """A step as its record has it: variables as pairs."""
    return {k: [list(pair) for pair in v.items()] if isinstance(v, dict) else v for k, v in step.items()}
