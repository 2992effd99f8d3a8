"""What a person asks of mining, as lines to print: mine pairs, plant bugs, re-check entries; all kept at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bugladder.datasets.pypi import PypiDataset
from bugladder.mining.injected import mine_injected
from bugladder.mining.keeping import keep
from bugladder.mining.planted import keep_planted
from bugladder.mining.recipes import Recipe, read_recipes
from bugladder.mining.release import Miner, mine, pairs_since
from bugladder.mining.runs import Refused
from bugladder.mining.validation import Validator
from bugladder.records import BugladderError
from bugladder.records.protocols import OpenWorkspace


@dataclass(frozen=True)
class Mine:
    """A dataset's catalog and the workspaces that its entries are made in."""

    dataset: PypiDataset
    open_workspace: OpenWorkspace

    @property
    def folder(self) -> Path:
        """The catalog's folder."""
        return Path(self.dataset.catalog_folder)

    @property
    def miner(self) -> Miner:
        """What mining is handed."""
        return Miner(self.open_workspace, Path(self.dataset.cache) / "sdists", rules=self.dataset.paths)

    def release(self, package: str, since: str) -> Iterator[str]:
        """Try every pair of consecutive releases since a version; a line for each."""
        for mined in mine(pairs_since(package, since), self._recipe(package), self.miner):
            if mined.found is None:
                yield f"refused {mined.pair.id}: {mined.refusal}"
                continue
            kept = {e.id for e in keep(self.folder, [mined.found])}
            units = mined.found[0].fail_to_pass_units
            word = "kept" if mined.pair.id in kept else "found and not kept (five others of the package split better)"
            yield f"{word} {mined.pair.id}: {units} FAIL_TO_PASS units"

    def injected(self, package_version: str, n: int, seed: int) -> Iterator[str]:
        """Plant up to n bugs in one release; a line for each edit tried."""
        package = package_version.partition("==")[0]
        try:
            planted = mine_injected(package_version, self._recipe(package), self.miner, n, seed)
        except Refused as refused:
            yield f"refused {package_version}: {refused}"
            return
        kept = {e.id for e in keep_planted(self.folder, planted.suite, planted.entries)}
        for edit in planted.refusals:
            yield f"refused {edit.draw.operator} in {edit.draw.path}, {edit.draw.site.function}: {edit.reason}"
        for entry in planted.entries:
            word = "kept" if entry.id in kept else "found and not kept (over the package's bounds)"
            yield f"{word} {entry.id}: {entry.fail_to_pass_units} FAIL_TO_PASS units"

    def validate(self, ids: Sequence[str]) -> Iterator[str]:
        """Re-check entries, all where none is named; a line for each.

        Raises:
            BugladderError: at the end, where an entry no longer holds.
        """
        chosen = list(ids) or [row.instance_id for row in self.dataset.catalog()]
        validator = Validator(self.open_workspace, self.dataset.paths)
        broken = []
        for instance_id in chosen:
            (instance,) = self.dataset.load([instance_id])
            found = validator.check(instance, self.dataset.base(instance_id))
            broken += [instance_id] if found.problem else []
            yield f"{instance_id}: {found.problem or 'holds'} ({found.cpu_seconds:.1f} s of CPU)"
        if broken:
            raise BugladderError(
                f"{len(broken)} of {len(chosen)} entries no longer hold, first {broken[0]}; mine them again"
            )
        yield f"all {len(chosen)} entries hold"

    def _recipe(self, package: str) -> Recipe:
        return read_recipes(self.folder / "packages.json").get(package, Recipe())
