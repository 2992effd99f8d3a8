"""The pypi baseline in a project of its own, with the loop as solver and scripted replies, which are not a model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml
from climbing import choose
from tiny_bug import PROJECT
from tiny_project import make_project

CACHETOOLS = "cachetools-8.0.1-inj-unpacking_removal-00c8a813"
SQLPARSE = "sqlparse-0.6.1-inj-base_removal-4547f4ad"
SOUPSIEVE = "soupsieve-2.9.1-2.9.2"
CLICK = "click-8.3.0-8.3.1"


def make_scripted_project(root: Path) -> Path:
    """A project with the real catalog, whose baseline the loop works on with the project's scripts.

    It shares interpreters and source archives with the project's own cache, and no result, reply or store.
    """
    make_project(root, 1, {"baseline": 4, "p1": 10})
    shutil.rmtree(root / "data" / "pypi")
    (root / "data" / "pypi").symlink_to(PROJECT / "data" / "pypi")
    shutil.rmtree(root / ".bugladder" / "sdists", ignore_errors=True)
    (PROJECT / ".bugladder" / "sdists").mkdir(parents=True, exist_ok=True)
    (root / ".bugladder" / "sdists").symlink_to(PROJECT / ".bugladder" / "sdists")
    choose(root, solver="loop", model="scripted")
    return root


def written(instance_id: str) -> list[dict[str, Any]]:
    """The replies of an instance's script, as they stand in its file."""
    path = PROJECT / "data" / "scripted" / f"{instance_id}.yaml"
    replies: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["replies"]
    return replies
