"""Decides how a package's tests are run where the sdist alone does not say: the data in data/pypi/packages.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from bugladder.records import BugladderError


@dataclass(frozen=True)
class Recipe:
    """What a package's tests need beside its own requirements; every part may stay empty.

    Args:
        requirements: further test requirements, unpinned or pinned.
        paths: folders or files that hold the whole suite.
        pythonpath: source roots, relative to the repository's.
        env: further environment variables.
        options: further options of the test command.
        whole_suite: True where the touched test files alone say too little (data-driven suites).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)
    requirements: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()
    whole_suite: bool = False


def read_recipes(path: Path) -> dict[str, Recipe]:
    """Recipes by package name; a file that is absent holds none.

    Raises:
        BugladderError: unreadable JSON, or a missing, extra or ill-typed key.
    """
    if not path.exists():
        return {}
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {name: TypeAdapter(Recipe).validate_json(json.dumps(value)) for name, value in raw.items()}
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(p) for p in first["loc"]) or "recipe"
        raise BugladderError(f"{path}: key {key!r}: {first['msg']}") from error
    except (ValueError, AttributeError) as error:
        raise BugladderError(f"{path}: should map package names to recipes ({error})") from error


def source_roots(tree: Mapping[str, bytes], recipe: Recipe) -> tuple[str, ...]:
    """Folders for PYTHONPATH: the recipe's, else "src" where packages stand below it, else the root."""
    if recipe.pythonpath:
        return recipe.pythonpath
    return ("src",) if any(p.startswith("src/") and p.endswith(".py") for p in tree) else (".",)


def suite_paths(tree: Mapping[str, bytes], recipe: Recipe) -> tuple[str, ...]:
    """The whole suite's paths: the recipe's, else the outermost folders or files of tests."""
    if recipe.paths:
        return recipe.paths
    found: set[str] = set()
    for path in tree:
        pure = PurePosixPath(path)
        if not is_test_module(path):
            continue
        folders = [i for i, part in enumerate(pure.parts[:-1]) if part in {"test", "tests", "testing"}]
        found.add("/".join(pure.parts[: folders[0] + 1]) if folders else path)
    return tuple(sorted(found))


def is_test_module(path: str) -> bool:
    """True for a file that pytest collects by its default names, or one called tests.py."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py") or name == "tests.py")
