"""Decides what of earlier runs is removed: containers whose driver is over, with their volumes."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from docker.errors import APIError, NotFound

from bugladder.sandboxes.containers.containment import DRIVER
from bugladder.sandboxes.containers.drivers import is_over
from bugladder.sandboxes.containers.engine import Engine, told

# How long a container without processes may stand that belongs to a driver of another machine or container.
_FOREIGN_S = 600.0


def sweep(engine: Engine) -> list[str]:
    """Remove what drivers that are over have left; ids of what was removed.

    Raises:
        EngineError: the engine does not answer.
    """
    api = engine.api
    with told("docker: looking for what earlier runs left"):
        found = api.containers(all=True, filters={"label": DRIVER})
    return [str(c["Id"]) for c in found if _is_left(c) and _removed(api, c["Id"])]


def _is_left(container: dict[str, Any]) -> bool:
    over = is_over(container["Labels"][DRIVER])
    if over is None:
        return bool(container["State"] != "running" and time.time() - container["Created"] > _FOREIGN_S)
    return over


def _removed(api: Any, container_id: str) -> bool:
    with told(f"docker: removing container {container_id[:12]}"), contextlib.suppress(NotFound):
        try:
            api.remove_container(container_id, force=True, v=True)
        except APIError as error:
            # another driver is at it
            if error.status_code != 409:
                raise
            return False
    return True
