"""Decides whether a model's tests show the bug: new files, collected, failing in their call phase on the buggy code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bugladder.records import Files, Outcome, TestReport, TestResult
from bugladder.solvers.debugging.checkout import Checkout
from bugladder.solvers.debugging.replies import NewFile


@dataclass(frozen=True)
class OwnTests:
    """Tests that reproduce the bug: whole new files, and the ids that count, in order."""

    files: Files = field(hash=False)
    ids: tuple[str, ...]

    @property
    def shown(self) -> list[NewFile]:
        """The files as texts."""
        return [NewFile(path=p, content=(c or b"").decode("utf-8")) for p, c in sorted(self.files.items())]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files to run."""
        return tuple(sorted(self.files))


@dataclass(frozen=True)
class Trial:
    """What became of proposed tests: accepted, or the words that go back to the model; `output` is of their run."""

    accepted: OwnTests | None
    refusal: str = ""
    output: str = ""


def refusals(files: Sequence[NewFile], checkout: Checkout) -> list[str]:
    """Why files cannot be new tests, one sentence each; [] where all can."""
    found = [checkout.places.refusal_of_test(file.path) for file in files]
    doubled = {f.path for f in files if sum(f.path == other.path for other in files) > 1}
    return [*filter(None, found), *(f"{path!r} is given twice" for path in sorted(doubled))]


def try_tests(files: Files, checkout: Checkout, max_tests: int, room: int) -> Trial:
    """Run proposed tests alone on the buggy code, then on the same code with a comment added to every source file.

    Args:
        files: new files; `refusals` has none for them.
        checkout: the workspace.
        max_tests: tests that count, in the order in which they ran.
        room: most bytes of output.
    """
    paths = tuple(sorted(files))
    report = checkout.test(files, paths=paths)
    output = checkout.failures(report, room)
    refusal = _refusal(report, max_tests)
    if refusal:
        return Trial(None, refusal, output)
    ids = tuple(result.test_id for result in _counted(report, max_tests))
    again = checkout.test({**_inert(checkout), **files}, paths=paths)
    changed = sorted({*ids} - _failing(again))
    if changed:
        return Trial(
            None,
            f"{changed[0]} does not fail any more once a comment is added to the source files: a test must depend on"
            " what the code does, never on its text, and must fail every time it runs.",
            output,
        )
    return Trial(OwnTests(files, ids), output=output)


def _refusal(report: TestReport, max_tests: int) -> str:
    if report.command.timed_out:
        return "The tests did not end in time; write quick ones that cannot hang."
    if report.collection_errors:
        return f"{report.collection_errors[0][0]} could not be collected: an import or syntax error, not the bug."
    if not report.results or not report.is_complete:
        return "The test run broke off before its end." if report.results else "No test was collected."
    return next(filter(None, map(_refusal_of_one, _counted(report, max_tests))), "")


def _counted(report: TestReport, max_tests: int) -> list[TestResult]:
    """The tests that count; one that has other names besides is one test."""
    return [result for result in report.results if not result.is_alias][:max_tests]


def _refusal_of_one(result: TestResult) -> str:
    if result.outcome is Outcome.PASSED:
        return f"{result.test_id} passes on the buggy code; every test must fail because of the bug."
    if result.outcome is Outcome.FAILED and result.phase == "call":
        return ""
    place = f" in {result.phase}" if result.phase else ""
    return f"{result.test_id} ends as {result.outcome.value}{place}; it must fail in the test itself."


def _failing(report: TestReport) -> set[str]:
    return {r.test_id for r in report.results if r.outcome is Outcome.FAILED and r.phase == "call"}


def _inert(checkout: Checkout) -> Files:
    """Every source file with a comment line at its end: the same program in other words."""
    sources = {path: content for path, content in checkout.base.items() if checkout.places.rules.is_source(path)}
    return {path: _with_comment(content) for path, content in sources.items()}


def _with_comment(content: bytes) -> bytes:
    end = b"\r\n" if b"\r\n" in content else b"\n"
    return content + (b"" if content.endswith(b"\n") else end) + b"# unchanged" + end
