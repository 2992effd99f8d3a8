"""G6: a code patch stays out of the tests, and own tests stay in new test files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from bugladder.solvers.debugging.gates.changes import Change
from bugladder.solvers.debugging.gates.proposal import Finding, GateLimits, Proposal

# They decide how other tests run, so that what they change would count for every test.
_STEERING = frozenset({"conftest.py", "pytest.ini", ".pytest.ini"})


def places(proposal: Proposal, _limits: GateLimits) -> Iterator[Finding]:
    """G6: the patch touches test files or files that steer a test run; tests stand elsewhere than in new test files."""
    for change in proposal.changes:
        wrong = _in_code(proposal, change) if proposal.kind == "code" else _in_tests(proposal, change)
        if wrong is not None:
            yield Finding("G6", "block", f"{change.path} {wrong}")


def _in_code(proposal: Proposal, change: Change) -> str | None:
    if change.path in proposal.public_test_files or proposal.rules.is_test(change.path):
        return "is a test file: the fix may not change tests; change the code under test instead."
    if proposal.rules.is_hook(change.path):
        return "steers the interpreter or the test run: the fix may not touch it; change the code at fault instead."
    return None


def _in_tests(proposal: Proposal, change: Change) -> str | None:
    if change.before is not None or change.path in proposal.public_test_files:
        return "exists already: write the tests into a new file."
    if PurePosixPath(change.path).name in _STEERING or proposal.rules.is_hook(change.path):
        return "steers other tests too: put fixtures and settings into the new test file itself."
    if not proposal.rules.is_test(change.path):
        return "is no test file by its name: call it test_<what it shows>.py, in a folder that holds tests."
    return None
