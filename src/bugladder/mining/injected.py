"""Decides which planted edits make entries of origin `injected`: some tests fail, most pass, the same twice."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import canonicalize_name

from bugladder.datasets.entries import InjectedEntry, Suite
from bugladder.datasets.injection import plant
from bugladder.datasets.injection.leaks import leaked_line
from bugladder.datasets.issue_text import FailingTest, issue_text
from bugladder.mining.drawing import Draw, draws
from bugladder.mining.pristine import Pristine, find_release, run_pristine
from bugladder.mining.reach import Reach, edited_lines, measure_reach
from bugladder.mining.recipes import Recipe
from bugladder.mining.release import Miner, patch_lines
from bugladder.mining.runs import Refused
from bugladder.records import BugladderError, Outcome, TestReport
from bugladder.selection import SemanticChange, semantic_change
from bugladder.workspace import make_patch


@dataclass(frozen=True)
class PlantLimits:
    """What planted edits must keep to.

    Args:
        per_operator: most entries of one operator in one package.
        per_function: most entries of one function or class in one package.
        fail_to_pass_units: fewest definitions of tests that an edit must break.
        failing_share: largest part of the suite that an edit may break.
        tries_per_entry: edits tried for each entry wanted, after which the planting ends.
        timeout_factor: a run may take this many times the pristine run's wall seconds.
        least_timeout_s: and never less than this.
        fair_cpu_s: a slower suite is cut to some of its files.
        reach_timeout_factor: as timeout_factor, for the one run that measures which lines tests run.
    """

    per_operator: int = 3
    per_function: int = 2
    fail_to_pass_units: int = 2
    failing_share: float = 0.3
    tries_per_entry: int = 30
    timeout_factor: float = 4.0
    least_timeout_s: float = 5.0
    fair_cpu_s: float = 2.0
    reach_timeout_factor: float = 20.0


@dataclass(frozen=True)
class RefusedEdit:
    """An edit that was tried and gives no entry."""

    draw: Draw
    reason: str


@dataclass(frozen=True)
class Planted:
    """What planting in one release gave: entries, their suite, and the refused edits in the order tried."""

    suite: Suite
    entries: tuple[InjectedEntry, ...]
    refusals: tuple[RefusedEdit, ...]


def mine_injected(
    package_version: str, recipe: Recipe, miner: Miner, n: int, seed: int = 0, limits: PlantLimits | None = None
) -> Planted:
    """Plant bugs in one release until n of them make entries, or the tries are used up.

    Args:
        package_version: "name==version" of a final release on the index.
        recipe: how the package's tests are run.
        miner: what mining is handed.
        n: entries wanted.
        seed: decides, together with package and version, which edits are tried and in what order.
        limits: bounds; the defaults where None.

    Raises:
        Refused: the release's own suite cannot be used; says why.
        BugladderError: the argument is not of the form name==version.
        InfrastructureError: the index or the sandbox cannot be reached.
    """
    package, separator, version = package_version.partition("==")
    if not (package and separator and version):
        raise BugladderError(f"{package_version!r} should name one release, like 'parse==1.20.2'")
    bounds = limits or PlantLimits()
    pristine = run_pristine(package, find_release(package, version), recipe, miner, bounds.fair_cpu_s)
    timeout_s = bounds.reach_timeout_factor * max(1.0, pristine.wall_s)
    reach = measure_reach(pristine.environment, miner.open_workspace, timeout_s)
    planter = Planter(pristine, miner, bounds, reach)
    rng = random.Random(f"{seed}:{canonicalize_name(package)}:{version}")
    found = list(planter.plant(n, rng))
    entries = tuple(f for f in found if isinstance(f, InjectedEntry))
    return Planted(pristine.suite, entries, tuple(f for f in found if isinstance(f, RefusedEdit)))


@dataclass(frozen=True)
class _Edit:
    """A planted edit that is worth a test run."""

    draw: Draw
    edited: bytes
    patch_lines: int
    change: SemanticChange

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.edited).hexdigest()


@dataclass
class Planter:
    """Tries edits in one release; remembers what it has taken so far."""

    pristine: Pristine
    miner: Miner
    limits: PlantLimits
    reach: Reach = field(default_factory=lambda: Reach({}))
    _operators: Counter[str] = field(default_factory=Counter)
    _functions: Counter[tuple[str, str]] = field(default_factory=Counter)
    _places: set[tuple[str, str, str]] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)

    def plant(self, n: int, rng: random.Random) -> Iterator[InjectedEntry | RefusedEdit]:
        """Yield each edit tried, as an entry or as a refusal, until n entries or all tries are spent."""
        taken = tried = 0
        rules = self.miner.rules
        sources = {p: c for p, c in self.pristine.tree.items() if rules.is_source(p)}
        for draw in draws(sources, rng):
            if taken >= n or tried >= n * self.limits.tries_per_entry:
                return
            if self._is_full(draw):
                continue
            try:
                entry = self._entry(draw)
            except Refused as refused:
                tried += 1
                yield RefusedEdit(draw, str(refused))
                continue
            tried, taken = tried + 1, taken + 1
            self._operators[draw.operator] += 1
            self._functions[draw.path, draw.site.function] += 1
            self._places.add((draw.path, draw.site.function, draw.operator))
            yield entry

    def _is_full(self, draw: Draw) -> bool:
        place = (draw.path, draw.site.function)
        return (
            self._operators[draw.operator] >= self.limits.per_operator
            or self._functions[place] >= self.limits.per_function
            or (*place, draw.operator) in self._places
        )

    def _entry(self, draw: Draw) -> InjectedEntry:
        edit = self._edit(draw)
        first = self._run(edit, ("--maxfail", str(self._most_failures() + 1)))
        failing = self._failing(first)
        second = self._run(edit, ())
        if self._failing(second) != failing or self._words(first, failing) != self._words(second, failing):
            raise Refused("the failing tests or their reports differ between two runs")
        units = {self.pristine.units[i] for i in failing}
        release = self.pristine.release
        package = self.pristine.suite.package
        return InjectedEntry(
            id=f"{canonicalize_name(package)}-{release.version}-inj-{draw.operator}-{edit.sha256[:8]}",
            package=package,
            suite=self.pristine.suite.name,
            fail_to_pass=failing,
            fail_to_pass_units=len(units),
            left_out=(),
            change=edit.change,
            patch_lines=edit.patch_lines,
            cpu_seconds=round(max(first.command.cpu_s, second.command.cpu_s), 2),
            release=release,
            operator=draw.operator,
            path=draw.path,
            function=draw.site.function,
            index=draw.site.index,
            edited_sha256=edit.sha256,
        )

    def _edit(self, draw: Draw) -> _Edit:
        original = self.pristine.tree[draw.path]
        try:
            edited = plant(original, draw.operator, draw.site)
        except BugladderError as error:
            raise Refused(str(error)) from error
        edit = _Edit(
            draw=draw,
            edited=edited,
            patch_lines=patch_lines(make_patch({draw.path: edited}, {draw.path: original})),
            change=semantic_change({draw.path: edited}, {draw.path: original}),
        )
        if edit.change.lines == 0:
            raise Refused("the edit changes nothing but docstrings, comments or annotations")
        if edit.sha256 in self._seen:
            raise Refused("another operator gave the same file")
        self._seen.add(edit.sha256)
        others = _texts(self.pristine.tree, draw.path)
        leak = leaked_line(_text(original), _text(edited), others)
        if leak is not None:
            raise Refused("a restored line stands elsewhere in the release")
        lines = edited_lines(_text(original), _text(edited))
        if not self.reach.is_in_reach(draw.path, lines, self.limits.fail_to_pass_units):
            raise Refused("too few tests run the edited lines")
        return edit

    def _most_failures(self) -> int:
        return int(self.limits.failing_share * len(self.pristine.suite.test_ids))

    def _run(self, edit: _Edit, options: Sequence[str]) -> TestReport:
        environment = self.pristine.environment
        spec = replace(environment.runner, options=(*environment.runner.options, *options))
        timeout_s = max(self.limits.least_timeout_s, self.limits.timeout_factor * self.pristine.wall_s)
        environment = replace(environment, runner=spec)
        with self.miner.open_workspace(environment, {edit.draw.path: edit.edited}) as workspace:
            report: TestReport = workspace.test(timeout_s=timeout_s)
        if report.command.timed_out:
            raise Refused("the suite does not end in time")
        if report.collection_errors or not report.results:
            raise Refused("a test file cannot be collected")
        if report.command.cpu_s > self.miner.limits.cpu_s:
            raise Refused(f"the suite takes {report.command.cpu_s:.1f} s of CPU")
        return report

    def _failing(self, report: TestReport) -> tuple[str, ...]:
        """The suite's ids that do not pass, where they are as many as an entry may have.

        Raises:
            Refused: too few, too many, or the run has not ended as it should.
        """
        outcomes = report.outcomes()
        failed = [i for i in self.pristine.suite.test_ids if outcomes.get(i) not in {None, Outcome.PASSED}]
        if len(failed) > self._most_failures():
            raise Refused(f"more than {self.limits.failing_share:.0%} of the suite fails")
        units = {self.pristine.units[i] for i in failed}
        if len(units) < self.limits.fail_to_pass_units:
            raise Refused(f"{len(units)} units fail, fewer than {self.limits.fail_to_pass_units}")
        missing = [i for i in self.pristine.suite.test_ids if i not in outcomes]
        if missing or not report.is_complete:
            raise Refused("the run ends before all tests have a result")
        return tuple(failed)

    def _words(self, report: TestReport, failing: Sequence[str]) -> list[str]:
        """What an issue text would show of each failing test."""
        messages = {r.test_id: r.message for r in report.results}
        return [issue_text(self.pristine.suite.package, [FailingTest(i, messages[i])]) for i in failing]


def _texts(tree: Mapping[str, bytes], path: str) -> list[str]:
    """Every other text of the release, in which a restored line would give the edit away."""
    return [_text(content) for p, content in tree.items() if p != path and b"\0" not in content[:1024]]


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
