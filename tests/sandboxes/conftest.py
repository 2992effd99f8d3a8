"""Every sandbox that must behave the same, and sessions on a tiny library in a cache of its own."""

from dataclasses import replace
from pathlib import Path

import pytest
from docker_engine import TINY_IMAGE, built_image, docker_sandbox
from sandbox_probes import BINARY, make_sdist

from bugladder.records import Environment, ImageSource, RunnerSpec
from bugladder.sandboxes.docker import DockerSandbox
from bugladder.sandboxes.local import LocalSandbox


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """One cache for all tests: provisioning happens once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def environment(cache) -> Environment:
    """The tiny library with an overlay, without requirements: nothing needs the network."""
    overlay = {"doomed.txt": None, "tiny/extra.bin": BINARY, "tiny/__init__.py": b"VALUE = 2\n"}
    return Environment(make_sdist(cache), (), RunnerSpec("pytest", ("tests",)), overlay=overlay)


@pytest.fixture(params=["local", "local-open", pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request, cache) -> LocalSandbox | DockerSandbox:
    """Every sandbox of the list; a new one joins by a name here."""
    if request.param == "docker":
        return docker_sandbox(cache)
    return LocalSandbox(cache=str(cache), tool_requirements=(), force_open=request.param == "local-open")


@pytest.fixture(scope="session")
def image_environment():
    """An official-like image whose repository holds the future; a variable of its own, a volume."""
    with built_image(TINY_IMAGE, more="ENV OWN=x\nVOLUME /data") as reference:
        source = ImageSource(reference, "tiny/tiny", "0" * 40)
        yield Environment(source, (), RunnerSpec("pytest", ("tests",)), python="")


@pytest.fixture
def opened(sandbox, environment):
    """Open sessions, with other limits where wanted; all are closed at the end."""
    sessions = []

    def open_one(**limits):
        sessions.append(replace(sandbox, **limits).open(environment, "test"))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.close()


@pytest.fixture
def session(opened):
    """One session with the default limits."""
    return opened()
