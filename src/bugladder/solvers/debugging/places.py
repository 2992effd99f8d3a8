"""Decides whether a model may put a file at a path: inside the repository, at a plain place that nothing else holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from bugladder.records.paths import PathRules

_MOST_NAME_BYTES = 200
_MOST_PATH_BYTES = 1000


@dataclass(frozen=True)
class Places:
    """What stands in a repository.

    Args:
        files: every regular file by path, binary ones included.
        links: paths of links; nothing may be written at or behind one.
        rules: which names are tests and which steer a test run.
    """

    files: Mapping[str, bytes]
    links: frozenset[str]
    rules: PathRules

    def refusal(self, path: str) -> str:
        """Why no file may stand at a path, "" where one may; an existing file is such a place."""
        pure = PurePosixPath(path)
        if not path or path != str(pure) or pure.is_absolute() or {"..", ".git", "."} & {*pure.parts}:
            return f"{path[:200]!r} is no plain path inside the repository"
        if any(c in path for c in "\0\n\r\\") or path.startswith("-"):
            return f"{path[:200]!r} holds a character that no file name should"
        if len(path.encode()) > _MOST_PATH_BYTES or any(len(p.encode()) > _MOST_NAME_BYTES for p in pure.parts):
            return f"{path[:200]!r}... is too long for a file name"
        above = {str(p) for p in pure.parents}
        if path in self.links or above & self.links:
            return f"{path!r} is a link or stands behind one"
        if above & self.files.keys():
            return f"{path!r} stands below a file"
        return f"{path!r} is a folder" if path in self._folders else ""

    def refusal_of_test(self, path: str) -> str:
        """Why no new test file may stand at a path, "" where one may."""
        plain = self.refusal(path)
        if plain:
            return plain
        if path in self.files:
            return f"{path!r} exists already; write tests in a new file"
        name = PurePosixPath(path).name
        is_module = name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))
        if not is_module or self.rules.is_hook(path):
            return f"{path!r} is no test module; name it test_<something>.py"
        return ""

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(str(folder) for path in self.files for folder in PurePosixPath(path).parents)

    @cached_property
    def test_folder(self) -> str:
        """Where new tests belong: the folder that holds most test modules, "tests" where there is none."""
        modules = [PurePosixPath(p) for p in self.files if p.endswith(".py") and self.rules.is_test(p)]
        counts: dict[str, int] = {}
        for module in modules:
            if module.name.startswith("test_") or module.name.endswith("_test.py"):
                counts[str(module.parent)] = counts.get(str(module.parent), 0) + 1
        return min(counts, key=lambda folder: (-counts[folder], folder)) if counts else "tests"
