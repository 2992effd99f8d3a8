"""A real Docker engine for tests, or the reason why there is none; everything made here carries the test's own cache."""

from __future__ import annotations

import contextlib
import functools
import os

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from bugladder.sandboxes.docker import DockerSandbox

# An image with sh, bash, git, tar and a Python that holds sessions; see docs or set the variable.
BASE_IMAGE = os.environ.get("BUGLADDER_TEST_IMAGE", "local/base:py3")


@functools.lru_cache(maxsize=1)
def missing() -> str:
    """Why the tests marked docker cannot run here; "" where they can."""
    try:
        with contextlib.closing(docker.from_env(timeout=10)) as client:
            client.images.get(BASE_IMAGE)
    except ImageNotFound:
        return f"no image {BASE_IMAGE} on the engine"
    except DockerException as error:
        return f"no Docker engine answers: {str(error)[:100]}"
    return ""


def api() -> docker.APIClient:
    """A client of the engine; skips the test where there is none."""
    if missing():
        pytest.skip(missing())
    return docker.from_env(timeout=30).api


def docker_sandbox(cache: object, **settings: object) -> DockerSandbox:
    """A sandbox on the engine that opens sdists in the base image; skips the test where there is none."""
    if missing():
        pytest.skip(missing())
    chosen = {"tool_requirements": (), "base_image": BASE_IMAGE, "memory_mb": 1024, "disk_mb": 256, **settings}
    return DockerSandbox(cache=str(cache), **chosen)  # type: ignore[arg-type]


def containers(client: docker.APIClient, label: str = "bugladder.driver") -> list[str]:
    """Ids of all containers with a label, running or not."""
    return [c["Id"] for c in client.containers(all=True, filters={"label": label})]
