"""Plants bugs in one release: decides which drawn edits are tried and how they spread over operators and functions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from bugladder.datasets.entries import InjectedEntry, Suite
from bugladder.mining.drawing import Draw, draws
from bugladder.mining.edits import planned_edit
from bugladder.mining.pristine import Pristine, find_release, run_pristine
from bugladder.mining.reach import Reach, measure_reach
from bugladder.mining.recipes import Recipe
from bugladder.mining.release import Miner
from bugladder.mining.runs import Refused
from bugladder.mining.trial import PlantLimits, Trial
from bugladder.records import BugladderError


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
        edit = planned_edit(self.pristine.tree, draw)
        if edit.sha256 in self._seen:
            raise Refused("another operator gave the same file")
        self._seen.add(edit.sha256)
        if not self.reach.is_in_reach(draw.path, edit.lines, self.limits.fail_to_pass_units):
            raise Refused("too few tests run the edited lines")
        failures = Trial(self.pristine, self.miner, self.limits).failures(edit)
        release, suite = self.pristine.release, self.pristine.suite
        return InjectedEntry(
            id=f"{suite.name}-inj-{draw.operator}-{edit.sha256[:8]}",
            package=suite.package,
            suite=suite.name,
            fail_to_pass=failures.ids,
            fail_to_pass_units=failures.units,
            left_out=(),
            change=edit.change,
            patch_lines=edit.patch_lines,
            cpu_seconds=failures.cpu_seconds,
            release=release,
            operator=draw.operator,
            path=draw.path,
            function=draw.site.function,
            index=draw.site.index,
            edited_sha256=edit.sha256,
        )
