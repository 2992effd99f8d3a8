"""Planted bugs: which edits there are, where they fit, and what they make of a file."""

from bugladder.datasets.injection.planting import OPERATORS, Site, plant, sites
from bugladder.datasets.injection.spots import Operator

__all__ = ["OPERATORS", "Operator", "Site", "plant", "sites"]
