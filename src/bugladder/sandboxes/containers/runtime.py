"""What all sessions of a process share: the engine, swept of what dead drivers left, and its stock of images."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from bugladder.records import sha256_text
from bugladder.sandboxes.containers.containment import Allowance
from bugladder.sandboxes.containers.engine import Engine, engine_at, told
from bugladder.sandboxes.containers.ledger import Ledger
from bugladder.sandboxes.containers.preparation import Preparation
from bugladder.sandboxes.containers.pulling import ImageSettings
from bugladder.sandboxes.containers.stock import Stock
from bugladder.sandboxes.containers.sweeping import sweep

# Preparing copies and packs a whole repository, in memory.
_PREPARING = Allowance(4 << 30, 256, 2.0, 900, 4 << 30, 8 << 30)


@dataclass
class Runtime:
    """One engine as this process uses it."""

    engine: Engine
    stock: Stock
    _root: list[Path | None] = field(default_factory=list)
    _is_swept: bool = False

    def sweep_once(self) -> None:
        """Remove what drivers that are over have left, the first time only.

        Raises:
            EngineError: the engine does not answer.
        """
        if not self._is_swept:
            sweep(self.engine)
            self._is_swept = True

    def free_bytes(self) -> int | None:
        """Free disk where the engine keeps containers and images; None where it is on another machine."""
        if not self._root:
            with told("docker engine"):
                root = Path(self.engine.api.info()["DockerRootDir"])
            self._root.append(root if root.is_dir() else None)
        if self._root[0] is None:
            return None
        found = os.statvfs(self._root[0])
        return found.f_bavail * found.f_frsize


@lru_cache(maxsize=16)
def runtime_at(url: str | None, timeout_s: float, cache: Path, images: ImageSettings, activate: str) -> Runtime:
    """The one Runtime of this process for these settings."""
    engine = engine_at(url, timeout_s)
    where = sha256_text(url or os.environ.get("DOCKER_HOST", ""))[:16]
    ledger = Ledger(cache / "docker" / f"images-{where}.json")
    return Runtime(
        engine, Stock(engine, images, ledger, Preparation(engine, activate, _PREPARING, cache / "docker" / "trees"))
    )
