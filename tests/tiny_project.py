"""A project folder with the real conf/, dvc.yaml and stages, and a catalog of tiny real bugs that needs no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from tiny_bug import FAIL_TO_PASS, NEW_TESTS, OLD_TESTS, PASS_TO_PASS, PINS, PROJECT, seed_sdist

from bugladder.datasets.catalog import write_entries, write_suite
from bugladder.datasets.entries import Release, ReleaseEntry, Suite
from bugladder.selection import SemanticChange

# Each bug is another wrong `add`, so that every instance has its own patch.
_WRONG = ("a - b", "a * b", "a", "b", "a - abs(b)", "a + a", "b - a", "a + b + 1", "a // b", "0", "a + b - 1", "-a")


def source(wrong: str) -> bytes:
    """The library with `add` returning an expression."""
    return f"def add(a, b):\n    return {wrong}\n\n\ndef double(a):\n    return a * 2\n".encode()


def write_catalog(root: Path, count: int) -> list[str]:
    """Seed sdists below root/.bugladder and write root/data/pypi; gives the instance ids."""
    cache, folder = root / ".bugladder", root / "data" / "pypi"
    entries, ids = [], []
    for number in range(count):
        name, suite = f"tiny{number}", f"tiny{number}-1.1"
        old, new = b"1.0\n---\n\n- First.\n", b"1.1\n---\n\n- Fix ``add``, which gave a wrong sum of two numbers.\n\n"
        base = {"tiny.py": source(_WRONG[number % len(_WRONG)]), "tests/test_tiny.py": OLD_TESTS, "CHANGES.rst": old}
        after = {"tiny.py": source("a + b"), "tests/test_tiny.py": NEW_TESTS, "CHANGES.rst": new + old}
        sources = [seed_sdist(cache, name, v, f) for v, f in (("1.0", base), ("1.1", after))]
        releases = [Release(s.version, s.filename, s.sha256, "2026-01-01T00:00:00Z") for s in sources]
        write_suite(folder, Suite(suite, name, PINS, ("tests",), (".",), (), (), 0.3, (*FAIL_TO_PASS, *PASS_TO_PASS)))
        change = SemanticChange(lines=2, hunks=1, files=1)
        failing = [t for t in FAIL_TO_PASS if not _passes(t, _WRONG[number % len(_WRONG)])]
        units = len({t.split("[")[0] for t in failing})
        ids.append(f"{name}-1.0-1.1")
        entries.append(
            ReleaseEntry(ids[-1], name, suite, tuple(failing), units, (), change, 2, 0.3, releases[0], releases[1])
        )
    write_entries(folder / "release.json", entries)
    write_entries(folder / "injected.json", [])
    return ids


def _passes(test: str, wrong: str) -> bool:
    cases = {"test_add": (1, 2), "test_add_negative": (1, -2), "test_zero_left": (0, 7)}
    name = test.rpartition("::")[2]
    a, b = cases[name] if name in cases else (int(name[-2]), int(name[-2]))
    try:
        return bool(eval(wrong, {"a": a, "b": b, "abs": abs}) == a + b)
    except ZeroDivisionError:
        return False


def make_project(root: Path, count: int = 6, sizes: dict[str, int] | None = None) -> Path:
    """A project folder of tiny bugs; `sizes` replaces phase sizes."""
    shutil.copytree(PROJECT / "conf", root / "conf")
    for name in ("params.yaml", "dvc.yaml", ".dvcignore"):
        shutil.copy(PROJECT / name, root / name)
    for linked in ("src", "stages", ".venv"):
        (root / linked).symlink_to(PROJECT / linked)
    (root / ".bugladder").mkdir()
    (PROJECT / ".bugladder" / "envs").mkdir(parents=True, exist_ok=True)
    (root / ".bugladder" / "envs").symlink_to(PROJECT / ".bugladder" / "envs")
    (root / "data").mkdir()
    for name in ("ids.txt", "predictions.jsonl"):
        shutil.copy(PROJECT / "data" / name, root / "data" / name)
    shutil.copytree(PROJECT / "data" / "swe_bench" / "recipes", root / "data" / "swe_bench" / "recipes")
    shutil.copytree(PROJECT / "data" / "scripted", root / "data" / "scripted")
    for phase, size in {"baseline": 2, "p1": 4, **(sizes or {})}.items():
        edit_yaml(root / "conf" / "phase" / f"{phase}.yaml", size=size)
    write_catalog(root, count)
    return root


def edit_yaml(path: Path, **values: object) -> None:
    """Replace top-level values of a YAML file; comments go."""
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**whole, **values}, sort_keys=False), encoding="utf-8")


def stage(root: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m stages.<argv>` in the project folder."""
    return subprocess.run(
        [sys.executable, "-m", f"stages.{argv[0]}", *argv[1:]],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(root), **env},
    )
