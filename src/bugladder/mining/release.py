"""Decides whether two consecutive releases make an entry of origin `release`, or why not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from bugladder.datasets.changelog import changelog_entry
from bugladder.datasets.entries import Release, ReleaseEntry, Suite
from bugladder.datasets.trees import ReleaseChange, release_change
from bugladder.mining.recipes import Recipe, is_test_module, source_roots, suite_paths
from bugladder.mining.requirements import own_requirements, resolve_pins
from bugladder.mining.runs import Refused, Runs, read_runs, run_both_ways
from bugladder.mining.wording import objection
from bugladder.records import BugladderError, Environment, Files, RunnerSpec, SdistSource
from bugladder.records.paths import PathRules
from bugladder.records.protocols import OpenWorkspace
from bugladder.selection import semantic_change
from bugladder.sources import ReleasedSdist, fetch_sdist, list_sdists, unpack_sdist


@dataclass(frozen=True)
class Limits:
    """What a pair must keep to.

    Args:
        changed_lines: removed plus added lines of the reference patch.
        files: source files that the reference patch touches.
        cpu_s: user + system seconds of one test run.
        pass_to_pass: fewest ids that pass in all runs.
        fail_to_pass_share: largest part of the passing ids that may be FAIL_TO_PASS.
    """

    changed_lines: int = 260
    files: int = 8
    cpu_s: float = 5.0
    pass_to_pass: int = 10
    fail_to_pass_share: float = 0.5


@dataclass(frozen=True)
class Miner:
    """What mining is handed: a way to open workspaces, a cache of sdists, a resolver of pins and the bounds."""

    open_workspace: OpenWorkspace
    cache: Path
    limits: Limits = field(default_factory=Limits)
    rules: PathRules = field(default_factory=PathRules)
    resolve: Callable[[str, Sequence[str]], tuple[str, ...]] = resolve_pins


@dataclass(frozen=True)
class Pair:
    """Two consecutive releases of a package."""

    package: str
    before: ReleasedSdist
    after: ReleasedSdist

    @property
    def id(self) -> str:
        """The instance id that an entry of this pair has."""
        return f"{canonicalize_name(self.package)}-{self.before.version}-{self.after.version}"


@dataclass(frozen=True)
class Mined:
    """A pair's result: an entry with its suite, or why there is none."""

    pair: Pair
    found: tuple[ReleaseEntry, Suite] | None
    refusal: str = ""


def pairs_since(package: str, version: str) -> list[Pair]:
    """Consecutive final releases of a package whose earlier one is `version` or later, oldest first.

    Raises:
        BugladderError: it is no version, or fewer than two such releases have an sdist.
    """
    try:
        oldest = Version(version)
    except InvalidVersion as error:
        raise BugladderError(f"{package}: {version!r} is no version; one like 1.2.0 is right") from error
    sdists = [s for s in list_sdists(package) if Version(s.version) >= oldest]
    if len(sdists) < 2:
        raise BugladderError(f"{package}: {len(sdists)} sdists since {version}; a pair needs two")
    return [Pair(package, a, b) for a, b in itertools.pairwise(sdists)]


def mine(pairs: Sequence[Pair], recipe: Recipe, miner: Miner) -> Iterator[Mined]:
    """Try each pair; one that gives no entry says why and does not end the others."""
    for pair in pairs:
        try:
            yield Mined(pair, mine_pair(pair, recipe, miner))
        except Refused as refused:
            yield Mined(pair, None, str(refused))


def mine_pair(pair: Pair, recipe: Recipe, miner: Miner) -> tuple[ReleaseEntry, Suite]:
    """Run the later release's tests on both releases and write down what they say.

    Raises:
        Refused: the pair gives no entry.
        BugladderError: an sdist is not what the index says.
        InfrastructureError: the index or the sandbox cannot be reached.
    """
    before, after = _tree(pair, pair.before, miner), _tree(pair, pair.after, miner)
    change = release_change(before, after, (pair.before.version, pair.after.version), miner.rules)
    _check_change(change, miner.limits)
    _check_entry(changelog_entry(before, after, pair.after.version), pair.after.version)
    fixed: Files = {**change.tests.after, **change.source.after}
    tree: dict[str, bytes | None] = {**before, **fixed}
    pins = miner.resolve(pair.package, [*own_requirements(before), *recipe.requirements])
    base = _environment(pair, before, recipe, pins)
    reasons = []
    for paths in _candidate_paths(change, tree, recipe):
        environment = _at(base, paths)
        try:
            reports = run_both_ways(environment, fixed, change.tests.after, miner.open_workspace, miner.limits.cpu_s)
            runs = read_runs(reports, tree, miner.rules)
            check_runs(runs, miner.limits)
        except Refused as refused:
            reasons.append(str(refused))
            continue
        return _entry(pair, change, runs), _suite(pair, environment, runs)
    raise Refused("; ".join(dict.fromkeys(reasons)))


def _tree(pair: Pair, sdist: ReleasedSdist, miner: Miner) -> dict[str, bytes]:
    source = SdistSource(pair.package, sdist.version, sdist.filename, sdist.sha256)
    return unpack_sdist(fetch_sdist(source, miner.cache), pair.id)


def _check_entry(entry: str | None, version: str) -> None:
    reason = "no changelog holds an entry for the later release" if entry is None else objection(entry, version)
    if reason:
        raise Refused(reason)


def _check_change(change: ReleaseChange, limits: Limits) -> None:
    if not change.source.after:
        raise Refused("no source file differs")
    if all(content is None for content in change.tests.after.values()):
        raise Refused("no test file differs")
    if len(change.source.after) > limits.files:
        raise Refused(f"{len(change.source.after)} source files differ, over {limits.files}")
    lines = patch_lines(change.source.patch)
    if lines > limits.changed_lines:
        raise Refused(f"{lines} source lines differ, over {limits.changed_lines}")
    if semantic_change(change.source.before, change.source.after).lines == 0:
        raise Refused("only docstrings, comments or annotations differ")


def patch_lines(patch: str) -> int:
    """Removed plus added lines of a unified diff."""
    return sum(line[:1] in {"+", "-"} and line[:4] not in {"+++ ", "--- "} for line in patch.splitlines())


def _candidate_paths(change: ReleaseChange, tree: Mapping[str, bytes | None], recipe: Recipe) -> list[tuple[str, ...]]:
    """The touched test modules, then, where these give no entry, the whole suite; only it where the recipe says so."""
    present = {p: c for p, c in tree.items() if c is not None}
    whole = suite_paths(present, recipe)
    touched = tuple(sorted(p for p in change.tests.after if p in present and is_test_module(p)))
    return [touched, whole] if touched and not recipe.whole_suite else [whole]


def _environment(pair: Pair, tree: Mapping[str, bytes], recipe: Recipe, pins: tuple[str, ...]) -> Environment:
    before = pair.before
    spec = RunnerSpec("pytest", (), source_roots(tree, recipe), recipe.env, recipe.options)
    return Environment(SdistSource(pair.package, before.version, before.filename, before.sha256), pins, spec)


def _at(environment: Environment, paths: tuple[str, ...]) -> Environment:
    runner = environment.runner
    spec = RunnerSpec(runner.name, paths, runner.pythonpath, runner.env, runner.options)
    return Environment(environment.source, environment.requirements, spec)


def check_runs(runs: Runs, limits: Limits) -> None:
    """Refuse runs that show no bug to measure by.

    Raises:
        Refused: no FAIL_TO_PASS id, too few PASS_TO_PASS ids, or too large a share of FAIL_TO_PASS ids.
    """
    f2p, p2p = len(runs.fail_to_pass), len(runs.pass_to_pass)
    if not f2p:
        raise Refused(f"no test fails before and passes after ({p2p} pass in both)")
    if p2p < limits.pass_to_pass:
        raise Refused(f"{p2p} tests pass in both, fewer than {limits.pass_to_pass}")
    if f2p > limits.fail_to_pass_share * (f2p + p2p):
        raise Refused(f"{f2p} of {f2p + p2p} tests fail before: rather a new interface than a bug")


def _entry(pair: Pair, change: ReleaseChange, runs: Runs) -> ReleaseEntry:
    return ReleaseEntry(
        id=pair.id,
        package=pair.package,
        suite=pair.id,
        fail_to_pass=runs.fail_to_pass,
        fail_to_pass_units=runs.fail_to_pass_units,
        left_out=(),
        change=semantic_change(change.source.before, change.source.after),
        patch_lines=patch_lines(change.source.patch),
        cpu_seconds=runs.cpu_seconds,
        before=_release(pair.before),
        after=_release(pair.after),
    )


def _suite(pair: Pair, environment: Environment, runs: Runs) -> Suite:
    runner = environment.runner
    return Suite(
        name=pair.id,
        package=pair.package,
        requirements=environment.requirements,
        paths=runner.paths,
        pythonpath=runner.pythonpath,
        env=runner.env,
        options=runner.options,
        cpu_seconds=runs.cpu_seconds,
        test_ids=tuple(sorted((*runs.fail_to_pass, *runs.pass_to_pass))),
    )


def _release(sdist: ReleasedSdist) -> Release:
    return Release(sdist.version, sdist.filename, sdist.sha256, sdist.uploaded)
