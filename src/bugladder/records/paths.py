"""Decides from its path alone whether a file is a test, a source or something else (PYPI and SWE-bench conventions)."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath


@dataclass(frozen=True)
class PathRules:
    """Names that decide a path's class; every pattern is matched with fnmatch, case-sensitive.

    Args:
        test_folders: a path with such a folder is a test, data files included.
        test_files: a file with such a name is a test.
        other_folders: a path below such a folder at the root is never a source.
        other_files: a file with such a name is never a source.
        mixed_files: a file with such a name has test sections, and only these are protected.
        hook_files: a file with such a name steers an interpreter or a test run without being called.
        hook_folders: so does whatever stands in such a folder.
    """

    test_folders: tuple[str, ...] = ("test", "tests", "testing")
    test_files: tuple[str, ...] = ("test_*.py", "*_test.py", "tests.py", "conftest.py", "pytest.ini", ".pytest.ini")
    other_folders: tuple[str, ...] = (
        "doc",
        "docs",
        "examples",
        "example",
        "benchmarks",
        "benchmark",
        "ci",
        "tools",
        "scripts",
    )
    other_files: tuple[str, ...] = ("setup.py", "conf.py", "__meta__.py", "noxfile.py", "fabfile.py", "tasks.py")
    mixed_files: tuple[str, ...] = ("pyproject.toml", "setup.cfg", "tox.ini")
    hook_files: tuple[str, ...] = ("sitecustomize.*", "usercustomize.*", "pytest.toml", ".pytest.toml", "*.pth")
    hook_folders: tuple[str, ...] = ("__pycache__", "*.dist-info", "*.egg-info", "sitecustomize", "usercustomize")

    def is_test(self, path: str) -> bool:
        """True for test code and the data beside it."""
        pure = PurePosixPath(path)
        in_folder = any(fnmatchcase(part, rule) for part in pure.parts[:-1] for rule in self.test_folders)
        return in_folder or any(fnmatchcase(pure.name, rule) for rule in self.test_files)

    def is_source(self, path: str) -> bool:
        """True for Python code that is neither test nor documentation, set-up or CI."""
        pure = PurePosixPath(path)
        if pure.suffix != ".py" or self.is_test(path) or pure.name in self.other_files:
            return False
        return not (len(pure.parts) > 1 and (pure.parts[0] in self.other_folders or pure.parts[0].startswith(".")))

    def is_mixed(self, path: str) -> bool:
        """True for configuration files that hold test sections beside others."""
        return PurePosixPath(path).name in self.mixed_files

    def is_hook(self, path: str) -> bool:
        """True for what an interpreter or pytest obeys without being told: start-up code, entry points, bytecode."""
        pure = PurePosixPath(path)
        in_folder = any(fnmatchcase(part, rule) for part in pure.parts[:-1] for rule in self.hook_folders)
        return in_folder or any(fnmatchcase(pure.name, rule) for rule in self.hook_files)
