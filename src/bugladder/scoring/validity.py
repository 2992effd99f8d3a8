"""Judges an instance by its controls: which tests leave by name, and whether it is valid (DESIGN section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bugladder.records import Control, Outcome

# Lists that these parsers made hold names of methods or functions, and lines of docstrings.
_FREE_IDS = ("parse_log_django", "parse_log_sympy")

Runs = Mapping[Control, Sequence[Mapping[str, Outcome]]]
"""Per control the outcomes by test id of each repeat; an absent id is missing, which is no pass."""


@dataclass(frozen=True)
class Validity:
    """The judgement: ids left, what left by name and why, and the reason of an invalid instance ("" if valid)."""

    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    left: tuple[tuple[str, str], ...]
    reason: str

    @property
    def is_valid(self) -> bool:
        """True where no reason speaks against the instance."""
        return not self.reason


def judge(fail_to_pass: Sequence[str], pass_to_pass: Sequence[str], runs: Runs, parser: str = "") -> Validity:
    """Judge an instance from two or more runs of each control.

    What leaves: what no test can be called where a log parser (`parser`, "" for none) made the lists; a test whose
    pass or failure differs between the runs of a control (flaky); a FAIL_TO_PASS test that passes under no_op; a
    PASS_TO_PASS test that fails under no_op or reference. Invalid: a FAIL_TO_PASS test left that fails under reference,
    none left, more than max(1, 1 %) of PASS_TO_PASS failing under reference, or inert passing a FAIL_TO_PASS test.
    """
    left = {t: "no test's id" for t in (*fail_to_pass, *pass_to_pass) if not _names_a_test(t, parser)}
    for test in [*fail_to_pass, *pass_to_pass]:
        for control, repeats in runs.items():
            if len({_passes(r, test) for r in repeats}) > 1:
                left.setdefault(test, f"flaky under {control.value}")
    for test in fail_to_pass:
        if _passes(runs[Control.NO_OP][0], test):
            left.setdefault(test, "passes under no_op")
    for test in pass_to_pass:
        for control in (Control.NO_OP, Control.REFERENCE):
            if not _passes(runs[control][0], test):
                left.setdefault(test, f"fails under {control.value}")
    kept_fail = tuple(t for t in fail_to_pass if t not in left)
    kept_pass = tuple(t for t in pass_to_pass if t not in left)
    listed_pass = [t for t in pass_to_pass if _names_a_test(t, parser)]
    reason = _against(kept_fail, kept_pass, listed_pass, runs)
    return Validity(kept_fail, kept_pass, tuple(sorted(left.items())), reason)


def _against(kept_fail: Sequence[str], kept_pass: Sequence[str], pass_to_pass: Sequence[str], runs: Runs) -> str:
    reference, inert, no_op = (runs[c][0] for c in (Control.REFERENCE, Control.INERT, Control.NO_OP))
    unfixed = [t for t in kept_fail if not _passes(reference, t)]
    if unfixed:
        return f"{len(unfixed)} FAIL_TO_PASS tests fail under reference, first {unfixed[0]}"
    if not kept_fail:
        return "no FAIL_TO_PASS test is left"
    broken = [t for t in pass_to_pass if not all(_passes(r, t) for r in runs[Control.REFERENCE])]
    if len(broken) > max(1.0, 0.01 * len(pass_to_pass)):
        return f"{len(broken)} of {len(pass_to_pass)} PASS_TO_PASS tests fail under reference, first {broken[0]}"
    better = [t for t in (*kept_fail, *kept_pass) if _passes(inert, t) and not _passes(no_op, t)]
    if better:
        return f"inert passes what no_op fails, first {better[0]}"
    return ""


def _names_a_test(test: str, parser: str) -> bool:
    """A parser of pytest's output takes other lines for tests, too: its ids have a file and a name."""
    return not parser or parser in _FREE_IDS or "::" in test


def _passes(outcomes: Mapping[str, Outcome], test: str) -> bool:
    return outcomes.get(test, Outcome.MISSING) is Outcome.PASSED
