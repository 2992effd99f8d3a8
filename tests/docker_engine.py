"""A real Docker engine for tests, or the reason why there is none, and images made for them."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import tarfile
from collections.abc import Iterator

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


TINY_IMAGE = "bugladder-test/sweb.eval.x86_64.tiny_1776_tiny-1:latest"

# A repository with everything that a solver must not find: a later commit with the fix, a tag, a remote, another
# branch, a reflog, unreachable objects, a nested repository, bytecode; at its base commit, with an untracked build.
HISTORY = r"""
set -eu
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
mkdir -p /testbed/pkg && cd /testbed && git init -q
printf 'VALUE = 1\n' >pkg/__init__.py
printf '\000\377' >'blob with blank.bin'
ln -s pkg/__init__.py link.py
printf '#!/bin/sh\necho ran\n' >run.sh && chmod 755 run.sh
printf 'build/\n__pycache__/\n' >.gitignore
git add -A && git commit -qm base
git tag v1 && git branch other && git remote add origin https://example.org/x.git
printf 'VALUE = 2  # the fix: f1xt0ken\n' >pkg/__init__.py && git commit -qam 'the fix: f1xt0ken'
git reset -q --hard HEAD~1
mkdir -p build vendored && head -c 3000000 /dev/zero >build/made.so && git -C vendored init -q
python3 -c 'import compileall; compileall.compile_dir("pkg", quiet=1)'
mkdir -p /opt/miniconda3/bin /opt/env/bin
ln -s /usr/bin/python3 /opt/env/bin/python
printf 'conda() { export PATH=/opt/env/bin:$PATH CONDA_DEFAULT_ENV=$2; }\n' >/opt/miniconda3/bin/activate
"""


@contextlib.contextmanager
def built_image(reference: str, script: str = HISTORY, more: str = "", base: str = BASE_IMAGE) -> Iterator[str]:
    """An image of a base image and a script, with further lines of its recipe; removed at the end."""
    client = api()
    recipe = f"FROM {base}\nCOPY script /script\nRUN bash /script && rm /script\n{more}\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in (("Dockerfile", recipe), ("script", script)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    buffer.seek(0)
    for event in client.build(fileobj=buffer, custom_context=True, tag=reference, rm=True, decode=True):
        if "error" in event:
            raise RuntimeError(event["error"])
    try:
        yield reference
    finally:
        forget(reference)


def forget(*references: str) -> None:
    """Remove images by name, where they are there."""
    client = api()
    for reference in references:
        with contextlib.suppress(ImageNotFound):
            client.remove_image(reference, force=True)
