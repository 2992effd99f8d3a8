import threading
import time
import zlib
from dataclasses import replace

import pytest
from docker_engine import api, built_image, docker_sandbox
from engine_proxy import EngineProxy
from sandbox_probes import python, sh

from bugladder.records import Environment, ImageSource, InfrastructureError, RunnerSpec
from bugladder.sandboxes.containers.engine import Engine, EngineError, told
from bugladder.sandboxes.containers.failures import RULES, Fault, diagnose

# Words of real engines (20.10.24) and of our own holder, as they came.
LOGS = [
    (
        "disk_full",
        (
            "failed to register layer: Error processing tar file(exit status 1): "
            "write /usr/lib/python3/dist-packages/pip/_vendor/rich/syntax.py: no space left on device"
        ),
    ),
    (
        "disk_full",
        (
            "Error processing tar file(exit status 1): write "
            "/7c3ee3a629974f2b0d7d0b5b806a18dc2bdf6cda60b04e35a2b24c7d7c3dc407/layer.tar: no space left on device"
        ),
    ),
    ("rate_limit", "toomanyrequests: You have reached your pull rate limit."),
    ("image_missing", "No such image: no/such:x"),
    ("image_missing", "manifest for 127.0.0.1:5000/x/nothing:latest not found: manifest unknown: manifest unknown"),
    ("registry_gone", 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'),
    ("mount_missing", 'invalid mount config for type "bind": bind source path does not exist: /nosuch'),
    (
        "program_missing",
        (
            "failed to create shim task: OCI runtime create failed: runc create failed: "
            'unable to start container process: exec: "nosuchprog": executable file not found in $PATH: unknown'
        ),
    ),
    ("program_missing", "[FATAL tini (7)] exec bash failed: No such file or directory"),
    ("container_gone", "No such container: nonesuch"),
    ("container_gone", "OOMKilled=False ExitCode=137 Error=''"),
    ("memory", "OOMKilled=True ExitCode=137 Error=''"),
    ("memory", "sandbox: over 160 MB of memory in all its processes, killed"),
    ("memory", "sandbox: over 128 MB of memory, a process was killed"),
    (
        "engine_slow",
        (
            "DockerException: Error while fetching server API version: UnixHTTPConnectionPool(host='localhost', "
            "port=None): Read timed out. (read timeout=0.0001)"
        ),
    ),
    (
        "engine_closed",
        (
            "DockerException: Error while fetching server API version: ('Connection aborted.', "
            "PermissionError(13, 'Permission denied'))"
        ),
    ),
    (
        "engine_gone",
        (
            "DockerException: Error while fetching server API version: ('Connection aborted.', "
            "FileNotFoundError(2, 'No such file or directory'))"
        ),
    ),
    (
        "engine_gone",
        (
            "DockerException: Error while fetching server API version: ('Connection aborted.', "
            "ConnectionRefusedError(111, 'Connection refused'))"
        ),
    ),
]


@pytest.mark.parametrize(("name", "words"), LOGS)
def test_real_words_meet_their_rule(name, words):
    """What an engine has really said is told apart, and each rule says whose fault it is and what would help."""
    rule = diagnose(words)
    assert rule.name == name
    assert rule.fault is (Fault.CANDIDATE if name in {"memory", "processes"} else Fault.MACHINE)
    assert rule.advice


def test_every_rule_has_a_log():
    """No rule stands in the table that no real words were seen for; the counted processes are local's own words."""
    assert {rule.name for rule in RULES} - {name for name, _ in LOGS} == {"processes"}


def test_unknown_words_are_the_machines():
    """What no rule knows is the machine's failure, with the engine's own words."""
    error = EngineError("sandbox x", "something\nnew")
    assert (error.rule.name, error.rule.fault) == ("unknown", Fault.MACHINE)
    assert str(error).endswith("(something new)")


def test_missing_engine_is_told(tmp_path):
    """Without an engine the error says so on one line and how to name one."""
    with pytest.raises(EngineError, match=r"engine_gone: .*DOCKER_HOST") as caught:
        _ = Engine(f"unix://{tmp_path}/none.sock", 5.0).api
    assert "\n" not in str(caught.value)


@pytest.mark.docker
def test_engine_that_goes_away_is_infrastructure(tmp_path, cache, environment):
    """Where the engine is gone in the middle of a command, the session is lost and the machine is to blame, at once."""
    sandbox = docker_sandbox(cache)
    proxy = EngineProxy(tmp_path)
    session = replace(sandbox, engine=proxy.url).open(environment, "cut")
    container = session._holder.id
    try:
        cutter = threading.Timer(0.5, proxy.cut)
        cutter.start()
        began = time.monotonic()
        with pytest.raises(InfrastructureError, match=r"session is lost: engine_gone"):
            sh(session, "sleep 30", timeout_s=40)
        assert time.monotonic() - began < 5
        with pytest.raises(InfrastructureError, match="closed"):
            sh(session, "true")
    finally:
        api().remove_container(container, force=True)


@pytest.mark.docker
def test_container_that_somebody_removes_is_infrastructure(cache, environment):
    """A container removed from outside loses its session by that name."""
    session = docker_sandbox(cache).open(environment, "removed")
    api().remove_container(session._holder.id, force=True)
    with pytest.raises(InfrastructureError, match=r"session is lost: container_gone"):
        sh(session, "true")


@pytest.mark.docker
def test_slow_engine_is_told(cache, environment):
    """An engine that does not answer within the bound is told as slow."""
    docker_sandbox(cache)
    with pytest.raises(EngineError, match="engine_slow"), told("docker engine"):
        Engine(None, 0.0001).api.info()


@pytest.mark.docker
def test_time_out_and_memory_are_told_apart(cache, environment):
    """A time-out has no exit code; memory is exit -9 with a line; neither loses the session."""
    session = docker_sandbox(cache, memory_mb=160).open(environment, "apart")
    try:
        late = sh(session, "sleep 30", timeout_s=0.3)
        large = python(
            session,
            "import os, time\nfor _ in range(4):\n if os.fork() == 0:\n  x = b'x' * (60 << 20)\n  time.sleep(20)\n"
            "time.sleep(20)",
        )
        assert (late.timed_out, late.exit_code, late.stderr) == (True, None, b"")
        assert (large.timed_out, large.exit_code) == (False, -9)
        assert diagnose(large.stderr.decode()).name == "memory"
    finally:
        session.close()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("mkdir /testbed", "not a git repository"),
        (
            "rm -f /usr/bin/python3* && mkdir /testbed && cd /testbed && git init -q && touch a && git add a",
            "no Python from 3.9 on",
        ),
        ("mkdir /testbed && rm /usr/bin/bash", "program_missing"),
    ],
)
def test_image_that_cannot_hold_a_session_is_told(cache, script, words):
    """An image without repository, interpreter or shell is told by name when it is opened."""
    name = f"bugladder-test/unfit-{zlib.crc32(script.encode())}:latest"
    with built_image(name, script):
        source = ImageSource(name, "tiny/tiny", "0" * 40)
        with pytest.raises(InfrastructureError, match=words):
            docker_sandbox(cache).open(Environment(source, (), RunnerSpec("pytest", ()), python=""), "unfit")


@pytest.mark.docker
def test_base_image_that_is_missing_is_told(cache, environment):
    """Without its base image an sdist cannot be opened; the error names the image."""
    sandbox = docker_sandbox(cache)
    images = replace(sandbox.images, pull="never")
    with pytest.raises(InfrastructureError, match="bugladder-test/none: image_missing"):
        replace(sandbox, base_image="bugladder-test/none", images=images).open(environment, "base")
