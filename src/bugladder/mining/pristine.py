"""Decides the suite that a release's planted bugs are judged by: what passes twice, within bounds of CPU time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from bugladder.datasets.entries import Release, Suite
from bugladder.mining.recipes import Recipe, source_roots, suite_paths
from bugladder.mining.release import Miner
from bugladder.mining.requirements import own_requirements
from bugladder.mining.runs import Refused, read_runs
from bugladder.records import Environment, RunnerSpec, SdistSource, TestReport
from bugladder.sources import fetch_sdist, list_sdists, unpack_sdist


@dataclass(frozen=True)
class Pristine:
    """A release as it is, and its suite.

    Args:
        release: the sdist.
        tree: its files by path.
        environment: what its tests run in; the runner's paths are the suite's.
        suite: the ids that pass twice.
        units: unit of each of these ids.
        wall_s: wall seconds of the slower run.
        other_tests: number of tests that run and are not in the suite: they fail, are skipped or are flaky.
    """

    release: Release
    tree: Mapping[str, bytes]
    environment: Environment
    suite: Suite
    units: Mapping[str, str]
    wall_s: float
    other_tests: int


def find_release(package: str, version: str) -> Release:
    """The sdist of one release on the index.

    Raises:
        Refused: there is none of that version.
    """
    for sdist in list_sdists(package):
        if sdist.version == version:
            return Release(sdist.version, sdist.filename, sdist.sha256, sdist.uploaded)
    raise Refused(f"{package}=={version}: the index has no final release of this version with an sdist")


def run_pristine(package: str, release: Release, recipe: Recipe, miner: Miner, fair_cpu_s: float = 2.0) -> Pristine:
    """Run a release's own tests on it twice; a suite that is slow is cut to test files that together are not.

    Args:
        package: name on the index.
        release: the sdist.
        recipe: how the package's tests are run.
        miner: what mining is handed; its limits bound a run's CPU time.
        fair_cpu_s: a suite that needs more user + system seconds is cut to some of its files, where it has several.

    Raises:
        Refused: the suite gives no result, takes too long, or too few tests pass in both runs.
    """
    source = SdistSource(package, release.version, release.filename, release.sha256)
    tree = unpack_sdist(fetch_sdist(source, miner.cache), f"{package}-{release.version}")
    pins = miner.resolve(package, [*own_requirements(tree), *recipe.requirements])
    spec = RunnerSpec("pytest", suite_paths(tree, recipe), source_roots(tree, recipe), recipe.env, recipe.options)
    environment = Environment(source, pins, spec)
    first = _run(environment, miner)
    if first.command.cpu_s > fair_cpu_s:
        environment = replace(environment, runner=replace(spec, paths=quick_paths(first, fair_cpu_s) or spec.paths))
        first = _run(environment, miner)
    second = _run(environment, miner)
    slowest = max(first.command.cpu_s, second.command.cpu_s)
    if slowest > miner.limits.cpu_s:
        raise Refused(f"the pristine suite takes {slowest:.1f} s of CPU, over {miner.limits.cpu_s:g}")
    runs = read_runs((first, first, second), dict(tree), miner.rules)
    if len(runs.pass_to_pass) < miner.limits.pass_to_pass:
        raise Refused(f"{len(runs.pass_to_pass)} tests pass twice, fewer than {miner.limits.pass_to_pass}")
    suite = Suite(
        name=f"{canonicalize_name(package)}-{release.version}",
        package=package,
        requirements=pins,
        paths=environment.runner.paths,
        pythonpath=spec.pythonpath,
        env=spec.env,
        options=spec.options,
        cpu_seconds=runs.cpu_seconds,
        test_ids=tuple(sorted(runs.pass_to_pass)),
    )
    return Pristine(
        release=release,
        tree=tree,
        environment=environment,
        suite=suite,
        units=runs.units,
        wall_s=max(r.command.wall_s for r in (first, second)),
        other_tests=len(first.results) - len(suite.test_ids),
    )


def quick_paths(report: TestReport, cpu_s: float) -> tuple[str, ...]:
    """Test files that together should stay within `cpu_s`: those with the most tests per second first.

    What the command needs beside its tests (start, import, collection) is counted once.
    """
    seconds: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    for result in report.results:
        file = result.test_id.partition("::")[0]
        seconds[file] += result.seconds
        counts[file] += 1
    spent = max(0.0, report.command.cpu_s - sum(seconds.values()))
    kept = []
    for file in sorted(counts, key=lambda f: (seconds[f] / counts[f], f)):
        if spent + seconds[file] <= cpu_s:
            spent += seconds[file]
            kept.append(file)
    return tuple(sorted(kept))


def _run(environment: Environment, miner: Miner) -> TestReport:
    with miner.open_workspace(environment, {}) as workspace:
        report: TestReport = workspace.test()
    if report.command.timed_out or not report.is_complete:
        errors = [message.strip().splitlines()[-1] for _, message in report.collection_errors if message.strip()]
        words = errors[0] if errors else report.command.stderr.decode("utf-8", "replace").strip()[-200:]
        raise Refused(f"the pristine suite does not end as it should: {words or 'time-out'}")
    return report
