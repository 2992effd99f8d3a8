"""The dataset `swe_bench`: rows of the official schema from the hub or a local file, opened from mirrors or images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bugladder.datasets.swe_bench.environments import image_environment, mirror_environment
from bugladder.datasets.swe_bench.files import RowFile, read_file
from bugladder.datasets.swe_bench.hub import HubFile, fetch
from bugladder.datasets.swe_bench.patch_size import change_of, changed_lines
from bugladder.datasets.swe_bench.recipes import find_recipe
from bugladder.datasets.swe_bench.rows import SweBenchRow
from bugladder.records import BugladderError, Difficulty, Environment, Instance, SelectionRow
from bugladder.selection import ApparentThresholds, DifficultyThresholds, apparent_difficulty, difficulty

_HIDDEN_SHARE = 0.3


@dataclass(frozen=True)
class SweBenchDataset:
    """SWE-bench Lite, Verified, full, dev, or any file that has the columns.

    Args:
        name: the dataset's name in every table.
        origin: the split's name, "lite"; the column `origin` of every row.
        file: a local parquet, json or jsonl file; a folder, or None, leaves it to the hub.
        hub: the file on the hub.
        expected: instances by repository that a complete file has; None where nobody says.
        baseline_ids: the four that stand first in every phase; selection reads them from here.
        sandbox: where instances are opened: "local" from a mirror, "docker" in an image.
        mirrors: a folder of bare clones, or the URL in front of "owner/name.git".
        recipes: folder of the recipes of environments without an image.
        image: template of image names (see `image_environment`); None for the row's own or the official one.
        cache: folder that holds hub/.
        difficulty: thresholds on the reference's diff.
        apparent: thresholds on the task's face.
    """

    name: str = "swe_bench"
    origin: str = "lite"
    file: str | None = None
    hub: HubFile = field(default_factory=HubFile)
    expected: dict[str, int] | None = None
    baseline_ids: tuple[str, ...] = ()
    sandbox: Literal["local", "docker"] = "local"
    mirrors: str = "https://github.com"
    recipes: str = "data/swe_bench/recipes"
    image: str | None = None
    cache: str = ".bugladder"
    difficulty: DifficultyThresholds = field(default_factory=DifficultyThresholds)
    apparent: ApparentThresholds = field(default_factory=ApparentThresholds)

    def catalog(self) -> list[SelectionRow]:
        """One row per instance, in the file's order; nothing but the file is fetched."""
        return [
            SelectionRow(
                instance_id=row.instance_id,
                repo=row.repo,
                origin=self.origin,
                difficulty=difficulty(change_of(row.patch), self.difficulty),
                fail_to_pass_units=_units(row.fail_to_pass),
                patch_lines=changed_lines(row.patch),
                created_at=row.created_at,
            )
            for row in self._read().rows
        ]

    def load(self, instance_ids: Sequence[str]) -> list[Instance]:
        """Whole instances in the order asked for.

        Raises:
            BugladderError: an id that the file does not have, a broken recipe, or an image that nothing names.
        """
        rows = {row.instance_id: row for row in self._read().rows}
        for instance_id in instance_ids:
            if instance_id not in rows:
                raise BugladderError(f"{self._where()}: no instance {instance_id!r}; it has {len(rows)} others")
        return [self._instance(rows[i]) for i in instance_ids]

    def identity(self) -> dict[str, Any]:
        """Where the rows came from and what they are: name, origin, place, revision, rows and two hashes."""
        found = self._read()
        local = self._local_file()
        return {
            "name": self.name,
            "origin": self.origin,
            "place": local.name if local is not None else f"{self.hub.repo_id}/{self.hub.path}",
            "revision": None if local is not None else self.hub.revision,
            "rows": len(found.rows),
            "file_sha256": found.file_sha256,
            "content_sha256": found.content_sha256,
        }

    def _instance(self, row: SweBenchRow) -> Instance:
        return Instance(
            instance_id=row.instance_id,
            dataset=self.name,
            origin=self.origin,
            repo=row.repo,
            version=row.version,
            created_at=row.created_at,
            difficulty=difficulty(change_of(row.patch), self.difficulty),
            apparent_difficulty=self._apparent(row),
            problem_statement=row.problem_statement,
            reference_patch=row.patch,
            test_patch=row.test_patch,
            fail_to_pass=row.fail_to_pass,
            pass_to_pass=row.pass_to_pass,
            environment=self._environment(row),
        )

    def _environment(self, row: SweBenchRow) -> Environment:
        if self.sandbox == "docker":
            return image_environment(row, self.image, Path(self.recipes))
        return mirror_environment(row, self.mirrors, Path(self.recipes))

    def _apparent(self, row: SweBenchRow) -> Difficulty:
        n = _units(row.fail_to_pass)
        recipe = find_recipe(Path(self.recipes), row.repo)
        # a repository of which nothing is known counts as large: those of the field are
        lines = recipe.source_lines.lines if recipe is not None else self.apparent.large_repository_lines
        public = n - max(1, int(_HIDDEN_SHARE * n + 0.5))
        return apparent_difficulty(row.problem_statement, public, lines, self.apparent)

    def _read(self) -> RowFile:
        local = self._local_file()
        return read_file(local if local is not None else fetch(self.hub, Path(self.cache) / "hub"))

    def _local_file(self) -> Path | None:
        # params.yaml names a folder where a dataset is no file, so that the stage has something to depend on
        return None if self.file is None or Path(self.file).is_dir() else Path(self.file)

    def _where(self) -> str:
        return str(self._local_file() or self.hub.label)


def _units(ids: Sequence[str]) -> int:
    """About how many definitions stand behind the ids: parametrisations count once."""
    return len({i.split("[", 1)[0] for i in ids})
