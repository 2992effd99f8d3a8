"""G7: own tests neither skip, sleep, reach for the network nor read sources; seen by syntax tree on added lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bugladder.solvers.debugging.gates.changes import Change
from bugladder.solvers.debugging.gates.forbidden import Misconduct
from bugladder.solvers.debugging.gates.proposal import Finding, GateLimits, Proposal, Severity
from bugladder.solvers.debugging.gates.usage import Use, uses

_ADVICE: dict[Misconduct, str] = {
    "skips": "skips a test or expects it to fail: write tests that always run, and that pass once the bug is fixed.",
    "network": "reaches for the network, and there is none: give the code under test data made in the test.",
    "sleeps": "waits: call the code directly, and replace a clock that it reads.",
    "sources": (
        "reads files of the repository or the code itself: test what the code does when it is called; a test may read "
        "what it wrote below tmp_path, or text in io.StringIO."
    ),
}
_MOST_LINES = 8


@dataclass(frozen=True)
class _Key:
    kind: Misconduct
    severity: Severity


def conduct(proposal: Proposal, _limits: GateLimits) -> Iterator[Finding]:
    """G7: an added line of a test skips, expects failure, sleeps, reaches for the network or reads source files."""
    for change in proposal.changes if proposal.kind == "tests" else ():
        found: dict[_Key, list[Use]] = defaultdict(list)
        for use in _uses(change):
            found[_Key(use.kind, "warn" if use.is_likely_innocent else "block")].append(use)
        for key, its_uses in found.items():
            yield Finding("G7", key.severity, f"{change.path}, {_places(its_uses)} {_ADVICE[key.kind]}")


def _uses(change: Change) -> list[Use]:
    if change.tree_after is None:
        return []
    found = {use for use in uses(change.tree_after) if change.added_lines & {*range(use.line, use.end_line + 1)}}
    return sorted(found, key=lambda use: (use.line, use.what))


def _places(its_uses: list[Use]) -> str:
    lines = list(dict.fromkeys(use.line for use in its_uses))
    words = list(dict.fromkeys(use.what for use in its_uses))
    shown = ", ".join(str(line) for line in lines[:_MOST_LINES]) + (" and more" if len(lines) > _MOST_LINES else "")
    return f"line{'s' if len(lines) > 1 else ''} {shown}: {', '.join(words[:_MOST_LINES])}"
