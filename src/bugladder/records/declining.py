"""How a solver says that it does not take an instance on; kept apart from what stored results depend on."""

from __future__ import annotations

from bugladder.records.terms import BugladderError


class DeclinedError(BugladderError):
    """A solver does not take one instance on, for a reason that says nothing of how well it works: it is not_run."""
