"""Decides which arms a command line asks for: every combination of its overrides' choices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from bugladder.composing.refusals import one_line
from bugladder.records import BugladderError


def combinations(arguments: Sequence[str]) -> list[list[str]]:
    """Every combination of the overrides' choices, as Hydra's basic sweeper makes them.

    Args:
        arguments: overrides such as `solver=no_op,search`; `-m` and `--multirun` may stand among them.

    Raises:
        BugladderError: an override that Hydra's grammar does not know.
    """
    try:
        overrides = OverridesParser.create().parse_overrides([a for a in arguments if a not in {"-m", "--multirun"}])
    except HydraException as error:
        raise BugladderError(f"compare: {one_line(error)}") from error
    return [list(c) for c in product(*(_choices(o) for o in overrides))]


def _choices(override: Any) -> list[str]:
    if not override.is_sweep_override():
        return [override.input_line]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]
