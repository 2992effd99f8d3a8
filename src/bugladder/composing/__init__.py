"""Composes Hydra's groups into one phase's resolved configuration, with errors that name the key and the file."""

from bugladder.composing.params import params_overrides, read_params
from bugladder.composing.phases import compose_overrides, compose_phase, plan_of
from bugladder.composing.refusals import one_line
from bugladder.composing.sweeps import combinations

__all__ = [
    "combinations",
    "compose_overrides",
    "compose_phase",
    "one_line",
    "params_overrides",
    "plan_of",
    "read_params",
]
