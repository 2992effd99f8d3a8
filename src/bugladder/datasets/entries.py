"""What an entry of the pypi catalog and a suite say: facts only, and what must hold between the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from bugladder.records import BugladderError
from bugladder.selection import SemanticChange

_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Release:
    """One sdist on the index. uploaded is the index's ISO 8601 time."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    version: str
    filename: str
    sha256: str
    uploaded: str


@dataclass(frozen=True)
class Suite:
    """A test suite as it passed once, stored once per release.

    Args:
        name: file stem under suites/.
        package: the library; never among the requirements.
        requirements: full pins of the test environment.
        paths: what the test command collects, relative to the root.
        pythonpath: as in records.RunnerSpec.
        env: further environment variables.
        options: further options of the test command.
        cpu_seconds: user + system time of one run.
        test_ids: the ids that pass in every pristine run.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: str
    package: str
    requirements: tuple[str, ...]
    paths: tuple[str, ...]
    pythonpath: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    options: tuple[str, ...]
    cpu_seconds: float
    test_ids: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """What both origins say of an instance: facts only, no text or code of the package.

    Args:
        id: the instance id.
        package: name on the index.
        suite: file stem under suites/ of the suite that it runs.
        fail_to_pass: ids that fail on the buggy code and pass on the reference.
        fail_to_pass_units: number of definitions that hold their code.
        left_out: ids of the suite that do not give the same outcome twice here.
        change: size of the reference's semantic diff.
        patch_lines: removed plus added lines of the reference patch.
        cpu_seconds: user + system time of one run on the buggy code.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    id: str
    package: str
    suite: str
    fail_to_pass: tuple[str, ...]
    fail_to_pass_units: int
    left_out: tuple[str, ...]
    change: SemanticChange
    patch_lines: int
    cpu_seconds: float


@dataclass(frozen=True)
class ReleaseEntry(Entry):
    """A bug that was fixed between two consecutive releases."""

    before: Release
    after: Release


@dataclass(frozen=True)
class InjectedEntry(Entry):
    """A bug planted in a release: the operator and its place, and the sha256 of the file that it must give."""

    release: Release
    operator: str
    path: str
    function: str
    index: int
    edited_sha256: str


@dataclass(frozen=True)
class Catalog:
    """All entries of the dataset."""

    release: tuple[ReleaseEntry, ...]
    injected: tuple[InjectedEntry, ...]

    def by_id(self) -> dict[str, ReleaseEntry | InjectedEntry]:
        """Entries by instance id."""
        entries: tuple[ReleaseEntry | InjectedEntry, ...] = (*self.release, *self.injected)
        return {e.id: e for e in entries}


def check_entry(entry: Entry, suite: Suite) -> None:
    """Check an entry against its suite.

    Raises:
        BugladderError: an id that is not in the suite, no FAIL_TO_PASS id, or the package among its own requirements.
    """
    known = set(suite.test_ids)
    for key, ids in (("fail_to_pass", entry.fail_to_pass), ("left_out", entry.left_out)):
        for test_id in ids:
            if test_id not in known:
                raise BugladderError(f"{entry.id}: {key} names {test_id!r}, which suite {suite.name} does not have")
    if not entry.fail_to_pass:
        raise BugladderError(f"{entry.id}: fail_to_pass is empty; an instance needs at least one id")
    own = [r for r in suite.requirements if r.split("==")[0].replace("_", "-").lower() == suite.package.lower()]
    if own:
        raise BugladderError(f"{entry.id}: suite {suite.name} requires {own[0]}, the package under test; remove it")
