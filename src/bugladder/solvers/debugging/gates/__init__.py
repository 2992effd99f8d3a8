"""The gates: small pure checks that send a proposal back with words before anything is run or paid for again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from bugladder.records import BugladderError
from bugladder.solvers.debugging.gates.conduct import conduct
from bugladder.solvers.debugging.gates.definitions import definitions
from bugladder.solvers.debugging.gates.places import places
from bugladder.solvers.debugging.gates.proposal import Finding, GateLimits, Proposal, Severity
from bugladder.solvers.debugging.gates.repetition import repetition
from bugladder.solvers.debugging.gates.size import insertion_size, patch_size
from bugladder.solvers.debugging.gates.syntax import syntax

Gate = Callable[[Proposal, GateLimits], Iterator[Finding]]

# Not among them: G0, that a reply parses, is known before there is a proposal.
GATES: Mapping[str, Gate] = MappingProxyType(
    {
        "G1": patch_size,
        "G2": repetition,
        "G3": insertion_size,
        "G4": definitions,
        "G5": syntax,
        "G6": places,
        "G7": conduct,
    }
)
GATE_IDS: tuple[str, ...] = ("G0", *GATES)


def check(proposal: Proposal, limits: GateLimits, enabled: Iterable[str] = GATE_IDS) -> tuple[Finding, ...]:
    """What the enabled gates find, in the gates' order.

    Raises:
        BugladderError: an id that is no gate's.
    """
    chosen = set(enabled)
    unknown = sorted(chosen - set(GATE_IDS))
    if unknown:
        raise BugladderError(f"enable_gates: no gate is called {unknown[0]!r}; there are {', '.join(GATE_IDS)}")
    return tuple(f for gate_id, gate in GATES.items() if gate_id in chosen for f in gate(proposal, limits))


__all__ = ["GATES", "GATE_IDS", "Finding", "Gate", "GateLimits", "Proposal", "Severity", "check"]
