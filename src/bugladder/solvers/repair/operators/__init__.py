"""The repair operators, each with the literature it comes from; a plain tuple, in the order that breaks ties."""

from bugladder.solvers.repair.operators import (
    arithmetic,
    attributes,
    calls,
    comparisons,
    exceptions,
    literals,
    logic,
    names,
    statements,
    subscripts,
    truth,
)
from bugladder.solvers.repair.operators.site import Operator, Proposal, Site, Vocabulary
from bugladder.solvers.repair.operators.vocabulary import collect

OPERATORS: tuple[Operator, ...] = (
    *attributes.OPERATORS,
    *truth.OPERATORS,
    *comparisons.OPERATORS,
    *logic.OPERATORS,
    *arithmetic.OPERATORS,
    *literals.OPERATORS,
    *calls.OPERATORS,
    *names.OPERATORS,
    *subscripts.OPERATORS,
    *exceptions.OPERATORS,
    *statements.OPERATORS,
)

__all__ = ["OPERATORS", "Operator", "Proposal", "Site", "Vocabulary", "collect"]
