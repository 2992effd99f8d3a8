"""The dataset `pypi`: real bugs between two releases and planted ones, computed from pinned sdists at build time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from bugladder.datasets.catalog import read_catalog, read_suite
from bugladder.datasets.changelog import changelog_entry
from bugladder.datasets.entries import Catalog, InjectedEntry, Release, ReleaseEntry, Suite, check_entry
from bugladder.datasets.injection import Site, plant
from bugladder.datasets.trees import release_change
from bugladder.records import (
    BugladderError,
    Difficulty,
    Environment,
    Files,
    Instance,
    RunnerSpec,
    SdistSource,
    SelectionRow,
    canonical_json,
    sha256_text,
    to_plain,
)
from bugladder.records.paths import PathRules
from bugladder.selection import (
    ApparentThresholds,
    DifficultyThresholds,
    apparent_difficulty,
    difficulty,
)
from bugladder.sources import fetch_sdist, unpack_sdist
from bugladder.workspace.patches import make_patch

_HIDDEN_SHARE = 0.3


@dataclass(frozen=True)
class PypiDataset:
    """Releases of pure-Python libraries whose sdists ship tests.

    Args:
        name: the dataset's name in every table.
        catalog_folder: where release.json, injected.json and suites/ stand.
        cache: folder that holds sdists/.
        origins: which origins take part.
        baseline_ids: those that stand first in every phase; selection reads them from here.
        difficulty: thresholds on the reference's semantic diff.
        apparent: thresholds on the task's face.
        paths: which paths are tests and which are sources.
    """

    name: str = "pypi"
    catalog_folder: str = "data/pypi"
    cache: str = ".bugladder"
    origins: tuple[Literal["release", "injected"], ...] = ("release", "injected")
    baseline_ids: tuple[str, ...] = ()
    difficulty: DifficultyThresholds = field(default_factory=DifficultyThresholds)
    apparent: ApparentThresholds = field(default_factory=ApparentThresholds)
    paths: PathRules = field(default_factory=PathRules)

    def catalog(self) -> list[SelectionRow]:
        """One row per entry, by id; from the catalog's facts alone, no download.

        Raises:
            BugladderError: there is no catalog, or it is not what a catalog should be.
        """
        if not Path(self.catalog_folder).is_dir():
            raise BugladderError(
                f"{self.catalog_folder}: no such folder; files.dataset should name a catalog: data/pypi"
            )
        return [
            SelectionRow(
                instance_id=entry.id,
                repo=entry.package,
                origin=_origin(entry),
                difficulty=difficulty(entry.change, self.difficulty),
                fail_to_pass_units=entry.fail_to_pass_units,
                patch_lines=entry.patch_lines,
                created_at=_release(entry).uploaded,
            )
            for entry in self._entries().values()
        ]

    def load(self, instance_ids: Sequence[str]) -> list[Instance]:
        """Whole instances in the order asked for; sdists are fetched once and verified by sha256.

        Raises:
            BugladderError: an id that the catalog does not have, an entry that contradicts its suite,
                an sdist with another hash, or an operator that no longer gives the recorded file.
            InfrastructureError: an sdist that is not cached cannot be fetched.
        """
        return [self._instance(self._entry(i)) for i in instance_ids]

    def identity(self) -> dict[str, Any]:
        """The catalog's name, origins, number of entries and the sha256 of its files' contents."""
        content = sha256_text("\n".join(canonical_json(to_plain(e)) for e in self._entries().values()))
        return {
            "name": self.name,
            "origin": ", ".join(self.origins),
            "place": Path(self.catalog_folder).name,
            "rows": len(self._entries()),
            "content_sha256": content,
        }

    @property
    def expected(self) -> None:
        """The catalog is all there is."""
        return

    def base(self, instance_id: str) -> dict[str, bytes]:
        """Files of the sdist that an entry's environment unpacks, by path."""
        entry = self._entry(instance_id)
        return self._tree(entry.package, entry.before if isinstance(entry, ReleaseEntry) else entry.release)

    def _tree(self, package: str, release: Release) -> dict[str, bytes]:
        return dict(_unpacked(_source(package, release), Path(self.cache) / "sdists"))

    def _entry(self, instance_id: str) -> ReleaseEntry | InjectedEntry:
        entries = self._entries()
        if instance_id not in entries:
            raise BugladderError(f"{self.catalog_folder}: no entry {instance_id!r}; see release.json, injected.json")
        return entries[instance_id]

    def _entries(self) -> dict[str, ReleaseEntry | InjectedEntry]:
        catalog = _catalog(self.catalog_folder, _stamps(Path(self.catalog_folder)))
        return {i: e for i, e in catalog.by_id().items() if _origin(e) in self.origins}

    def _instance(self, entry: ReleaseEntry | InjectedEntry) -> Instance:
        suite = read_suite(Path(self.catalog_folder), entry.suite)
        check_entry(entry, suite)
        parts = self._fixed(entry) if isinstance(entry, ReleaseEntry) else self._planted(entry)
        left_out = {*entry.fail_to_pass, *entry.left_out}
        return Instance(
            instance_id=entry.id,
            dataset=self.name,
            origin=_origin(entry),
            repo=entry.package,
            version=parts.base.version,
            created_at=_release(entry).uploaded,
            difficulty=difficulty(entry.change, self.difficulty),
            apparent_difficulty=self._apparent(entry, parts),
            problem_statement=parts.issue,
            reference_patch=parts.reference_patch,
            test_patch=parts.test_patch,
            fail_to_pass=entry.fail_to_pass,
            pass_to_pass=tuple(i for i in suite.test_ids if i not in left_out),
            environment=_environment(entry.package, parts, suite),
            operator=entry.operator if isinstance(entry, InjectedEntry) else None,
            issue_from_tests=isinstance(entry, InjectedEntry),
        )

    def _fixed(self, entry: ReleaseEntry) -> _Parts:
        before, after = self._tree(entry.package, entry.before), self._tree(entry.package, entry.after)
        change = release_change(before, after, (entry.before.version, entry.after.version), self.paths)
        issue = changelog_entry(before, after, entry.after.version)
        if issue is None:
            raise BugladderError(f"{entry.id}: no changelog entry for {entry.after.version}; mine the pair again")
        return _Parts(entry.before, before, issue, change.source.patch, change.tests.patch, {})

    def _planted(self, entry: InjectedEntry) -> _Parts:
        tree = self._tree(entry.package, entry.release)
        if entry.path not in tree:
            raise BugladderError(f"{entry.id}: {entry.release.filename} has no file {entry.path!r}")
        try:
            edited = plant(tree[entry.path], entry.operator, Site(entry.function, entry.index))
        except BugladderError as error:
            raise BugladderError(f"{entry.id}: {error}") from error
        found = hashlib.sha256(edited).hexdigest()
        if found != entry.edited_sha256:
            raise BugladderError(
                f"{entry.id}: operator {entry.operator} now gives {entry.path} with sha256 {found}, "
                f"the catalog says {entry.edited_sha256}; mine the entry again"
            )
        reverse = make_patch({entry.path: edited}, {entry.path: tree[entry.path]})
        return _Parts(entry.release, tree, "", reverse, "", {entry.path: edited})

    def _apparent(self, entry: ReleaseEntry | InjectedEntry, parts: _Parts) -> Difficulty:
        n = entry.fail_to_pass_units
        lines = sum(content.count(b"\n") for path, content in parts.tree.items() if self.paths.is_source(path))
        # an issue that control will make from tests always shows an error or a wrong value
        issue = "Error:" if isinstance(entry, InjectedEntry) else parts.issue
        return apparent_difficulty(issue, n - max(1, int(_HIDDEN_SHARE * n + 0.5)), lines, self.apparent)


@dataclass(frozen=True)
class _Parts:
    base: Release
    tree: Mapping[str, bytes]
    issue: str
    reference_patch: str
    test_patch: str
    overlay: Files


def _environment(package: str, parts: _Parts, suite: Suite) -> Environment:
    runner = RunnerSpec(
        name="pytest",
        paths=suite.paths,
        pythonpath=suite.pythonpath,
        env=suite.env,
        options=suite.options,
    )
    return Environment(_source(package, parts.base), suite.requirements, runner, overlay=parts.overlay)


def _source(package: str, release: Release) -> SdistSource:
    return SdistSource(package, release.version, release.filename, release.sha256)


def _origin(entry: ReleaseEntry | InjectedEntry) -> str:
    return "release" if isinstance(entry, ReleaseEntry) else "injected"


def _release(entry: ReleaseEntry | InjectedEntry) -> Release:
    return entry.after if isinstance(entry, ReleaseEntry) else entry.release


@lru_cache(maxsize=8)
def _unpacked(source: SdistSource, cache: Path) -> dict[str, bytes]:
    return unpack_sdist(fetch_sdist(source, cache), f"{source.name}-{source.version}")


@lru_cache(maxsize=4)
def _catalog(folder: str, stamps: tuple[tuple[str, int], ...]) -> Catalog:
    # the stamps are part of the key, so that an edited file is read anew
    del stamps
    return read_catalog(Path(folder))


def _stamps(folder: Path) -> tuple[tuple[str, int], ...]:
    return tuple((p.name, p.stat().st_mtime_ns) for p in sorted(folder.glob("*.json")))
