"""Decides what environment a row opens in: a commit of a mirror with a recipe, or an image."""

from __future__ import annotations

from pathlib import Path

from bugladder.datasets.swe_bench.recipes import find_recipe
from bugladder.datasets.swe_bench.rows import SweBenchRow
from bugladder.records import Environment, ImageSource, MirrorSource, RunnerSpec
from bugladder.sources.official import spec_of

# Parsers of pytest's output are many; runners that read a report of their own are one per framework.
_RUNNERS = {"parse_log_django": "django", "parse_log_sympy": "sympy"}
# With docker 4.1.0's rule: an owner may not hold two underscores in a row on the registry.
_OFFICIAL_IMAGE = "swebench/sweb.eval.x86_64.{id}:latest"


def mirror_environment(row: SweBenchRow, mirrors: str, recipes: Path) -> Environment:
    """The base commit from a mirror, with the recipe of the row's repository and version.

    Where there is none, or none that works, the environment says so as its obstacle: such an instance can be
    selected, and leaves with that reason before anything is paid. Which test files run is no part of it: the test
    patch names them, and what a solver may see must not.
    """
    source = MirrorSource(row.repo, row.base_commit, mirrors)
    recipe = find_recipe(recipes, row.repo)
    found = recipe.for_version(row.version) if recipe is not None else None
    if recipe is None or found is None or found.obstacle:
        reason = found.obstacle if found is not None else f"no recipe in {recipes}"
        parser = row.parser or (recipe.parser if recipe is not None else "")
        spec = RunnerSpec(_runner(parser), (), parser=parser)
        return Environment(source, (), spec, obstacle=f"{row.repo} {row.version}: {reason}")
    spec = RunnerSpec(
        name=recipe.runner,
        paths=(),
        pythonpath=recipe.pythonpath,
        env=tuple(found.env.items()),
        options=(*recipe.options, *found.options),
        parser=recipe.parser,
    )
    return Environment(source, found.pins, spec, found.python, setup=found.steps(row.version))


def image_environment(row: SweBenchRow, template: str | None, recipes: Path) -> Environment:
    """The row's image, with what the row itself or the official package says of its tests.

    Of the repository's recipe only the options are taken that every version needs: our runners give the suite's own
    settings no say, and pytest's suite, for one, does not even start without its plugin.

    Args:
        row: the instance.
        template: an image's name with "{id}" (the id as the registry spells it) or "{instance_id}" in it; None for
            the row's own image, or where it names none the official one.
        recipes: folder of the recipes; a repository without one has no such options.

    Raises:
        BugladderError: a classic row whose repository or version the official package does not know, or without it.
    """
    source = ImageSource(image_name(row, template), row.repo, row.base_commit)
    if row.parser is not None:
        runner = _runner(row.parser)
        spec = RunnerSpec(runner, (), env=row.env, options=_needed(row, recipes, runner), parser=row.parser)
        return Environment(source, (), spec, python="")
    official = spec_of(row.repo, row.version)
    runner = _runner(official.parser)
    # our own pytest runner has its own options; those of tox and of pytest's printing are not for it
    options = _needed(row, recipes, runner) if runner == "pytest" else official.command[1:]
    spec = RunnerSpec(runner, (), env=official.env, options=options, parser=official.parser)
    return Environment(source, (), spec, python=official.python)


def image_name(row: SweBenchRow, template: str | None) -> str:
    """The image's reference: by the template, as the row says, or by the official rule."""
    registry_id = row.instance_id.lower().replace("__", "_1776_")
    chosen = template or row.image or _OFFICIAL_IMAGE
    return chosen.replace("{id}", registry_id).replace("{instance_id}", row.instance_id)


def _needed(row: SweBenchRow, recipes: Path, runner: str) -> tuple[str, ...]:
    recipe = find_recipe(recipes, row.repo)
    return recipe.options if recipe is not None and recipe.runner == runner else ()


def _runner(parser: str) -> str:
    return _RUNNERS.get(parser, "pytest")
