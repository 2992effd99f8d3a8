"""Proposals for the gates, made from plain texts the way the solver makes them."""

from bugladder.records.paths import PathRules
from bugladder.solvers.debugging.gates import GateLimits, Proposal, check
from bugladder.workspace import make_patch


def proposal(before, after, kind="code", public_test_files=()):
    """A proposal from texts by path; None is a file that is not there."""
    old, new = (
        {p: t if t is None or isinstance(t, bytes) else t.encode() for p, t in s.items()} for s in (before, after)
    )
    return Proposal(old, new, make_patch(old, new), kind, frozenset(public_test_files), PathRules())


def code_findings(before, after, gate, **limits):
    """What one gate finds in an edit of the module m.py."""
    return check(proposal({"src/m.py": before}, {"src/m.py": after}), GateLimits(**limits), (gate,))


def own_test_findings(text, gate="G7", **limits):
    """What one gate finds in a new test file."""
    return check(proposal({}, {"tests/test_new.py": text}, "tests"), GateLimits(**limits), (gate,))
