"""G1 and G3: how large a patch, and one insertion of it, may be."""

from __future__ import annotations

from collections.abc import Iterator

from bugladder.solvers.debugging.gates.proposal import Finding, GateLimits, Proposal


def patch_size(proposal: Proposal, limits: GateLimits) -> Iterator[Finding]:
    """G1: a code patch over `patch_bytes`."""
    size = len(proposal.patch.encode("utf-8", "surrogateescape"))
    if proposal.kind == "code" and size > limits.patch_bytes:
        sentence = (
            f"The patch has {size} bytes and may have {limits.patch_bytes}: change only the lines that the fix needs, "
            "and leave formatting and unrelated code as they are."
        )
        yield Finding("G1", "block", sentence)


def insertion_size(proposal: Proposal, limits: GateLimits) -> Iterator[Finding]:
    """G3: one contiguous run of added lines over the limit of its kind."""
    is_code = proposal.kind == "code"
    limit = limits.insertion_lines_code if is_code else limits.insertion_lines_tests
    advice = "fix the cause with fewer lines" if is_code else "write one short test for each behaviour"
    for change in proposal.changes:
        for run in change.insertions:
            if run.count > limit:
                sentence = (
                    f"{change.path}, line {run.line}: {run.count} lines are inserted at one place, and {limit} may be: "
                    f"{advice}."
                )
                yield Finding("G3", "block", sentence)
