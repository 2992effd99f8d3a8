"""A project of tiny bugs under dvc, and the edits after which it should be known which stages run again."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tiny_bug import PROJECT
from tiny_project import edit_yaml, make_project

_ORDER = ("code", "resolve", "select", "control", "run", "score", "analyze", "plot", "report", "track")


def make_dvc_project(root: Path) -> Path:
    """Two phases of 3 and 4 tiny bugs, with copies of the code where edits are made."""
    root.mkdir(parents=True, exist_ok=True)
    make_project(root, count=8, sizes={"baseline": 3, "p1": 4})
    for name in ("src", "stages"):
        (root / name).unlink()
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    _dvc(root, "init", "--no-scm", "-q")
    for key in ("core.analytics", "core.check_update"):
        _dvc(root, "config", key, "false")
    return root


def repro(root: Path) -> dict[str, list[str]]:
    """Run `dvc repro`; gives the stages that ran with their phases (code has none), in the pipeline's order."""
    text = _dvc(root, "repro")
    found: dict[str, list[str]] = {}
    for name, phase in re.findall(r"^Running stage '(\w+)@?(\w*)'", text, re.MULTILINE):
        found.setdefault(name, []).extend([phase] if phase else [])
    return {name: sorted(found[name]) for name in sorted(found, key=_ORDER.index)}


def dvc(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a dvc command in the project, on the project's own copy of the code."""
    env = {**os.environ, "PYTHONPATH": str(root / "src"), "MLFLOW_DISABLE_TELEMETRY": "true"}
    tool = str(PROJECT / ".venv" / "bin" / "dvc")
    return subprocess.run([tool, *argv], cwd=root, env=env, capture_output=True, text=True, check=False, timeout=1200)


def _dvc(root: Path, *argv: str) -> str:
    done = dvc(root, *argv)
    if done.returncode != 0:
        raise RuntimeError(f"dvc {' '.join(argv)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def _comment(root: Path) -> None:
    with (root / "conf" / "analysis" / "default.yaml").open("a", encoding="utf-8") as file:
        file.write("# a thought\n")


def _append(module: str, text: str) -> Callable[[Path], None]:
    def append(root: Path) -> None:
        with (root / "src" / "bugladder" / module).open("a", encoding="utf-8") as file:
            file.write(f"\n{text}\n")

    return append


def _entry(root: Path, is_selected: bool) -> None:
    """Say that a bug's reference patch is longer: a fact that decides its difficulty and nothing else."""
    chosen = json.loads((root / "data" / "p1" / "selection.json").read_text(encoding="utf-8"))["ids"]
    path = root / "data" / "pypi" / "release.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    # the last of its kind, so that no entry takes another one's place
    entry = [e for e in entries if (e["id"] in chosen) is is_selected][-1]
    entry["change"]["lines"] = 400
    path.write_text(json.dumps(entries), encoding="utf-8")


def _edit(name: str, **values: object) -> Callable[[Path], None]:
    return lambda root: edit_yaml(root / name, **values)


EDITS: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _root: None,
    "a comment in conf/": _comment,
    "an analysis key (bin_width)": _edit("conf/analysis/default.yaml", bin_width=0.25),
    "a comment in solvers/search.py": _append("solvers/search.py", "# a thought"),
    "a line in analysis/intervals.py": _append("analysis/intervals.py", "_THOUGHT = 1"),
    "a scoring weight (weight_tss)": _edit("conf/scoring/default.yaml", weight_tss=0.30),
    "a line in solvers/search.py": _append("solvers/search.py", "_THOUGHT = 1"),
    "a catalog entry outside of the phases": lambda root: _entry(root, is_selected=False),
    "a catalog entry of p1": lambda root: _entry(root, is_selected=True),
    "the solver (no_op)": _edit("params.yaml", solver="no_op"),
}
"""In this order, one after the other in one project."""
