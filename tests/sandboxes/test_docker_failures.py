import socket
import threading
import time
import zlib
from dataclasses import replace

import pytest
from docker_engine import api, built_image, docker_sandbox
from engine_proxy import EngineProxy
from sandbox_probes import python, sh

from bugladder.records import Command, Environment, ImageSource, InfrastructureError, RunnerSpec
from bugladder.sandboxes.containers.engine import Engine, EngineError
from bugladder.sandboxes.containers.failures import RULES, Fault, diagnose

# Words of real engines (20.10.24) and of our own holder, as they came.
LOGS = [
    ("session_disk_full", "head: error writing 'standard output': No space left on device"),
    ("session_disk_full", "tar: ./large: Wrote only 512 of 10240 bytes\ntar: ./large: No space left on device"),
    ("disk_full", "OSError: [Errno 28] No space left on device"),
    (
        "disk_full",
        (
            "failed to copy files: failed to copy file: "
            "Error processing tar file(exit status 1): write /big: no space left on device"
        ),
    ),
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
    ("processes", "sandbox: over 30 processes, killed"),
    ("processes", "bash: fork: retry: Resource temporarily unavailable"),
    ("processes", "bash: fork: Resource temporarily unavailable"),
    ("processes", "sh: 1: Cannot fork"),
    ("unknown", "[FATAL tini (1)] fork failed: Resource temporarily unavailable"),
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


CANDIDATES = {"memory", "processes", "session_disk_full"}


@pytest.mark.parametrize(("name", "words"), LOGS)
def test_real_words_meet_their_rule(name, words):
    """What an engine has really said is told apart, and each rule says whose fault it is and what would help."""
    rule = diagnose(words)
    assert rule.name == name
    assert rule.fault is (Fault.CANDIDATE if name in CANDIDATES else Fault.MACHINE)
    assert rule.advice


def test_every_rule_has_a_log():
    """No rule stands in the table that no real words were seen for."""
    assert {rule.name for rule in RULES} <= {name for name, _ in LOGS}


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


def test_slow_engine_is_told(tmp_path):
    """An engine that takes what is asked and does not answer within the bound is told as slow."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/engine.sock")
        silent.listen()
        with pytest.raises(EngineError, match=r"engine_slow: .*sandbox\.open_timeout_s") as caught:
            _ = Engine(f"unix://{tmp_path}/engine.sock", 0.2).api
    assert caught.value.rule.fault is Fault.MACHINE


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
def test_full_session_disk_is_the_commands_failure(cache, environment):
    """What fills its session's disk fails by itself, is told apart from the engine's disk, and the session goes on."""
    session = docker_sandbox(cache, disk_mb=8).open(environment, "full")
    try:
        full = sh(session, "head -c 20000000 /dev/zero > big")
        assert (full.exit_code, full.timed_out) == (1, False)
        rule = diagnose(full.stderr.decode())
        assert (rule.name, rule.fault) == ("session_disk_full", Fault.CANDIDATE)
        assert sh(session, "rm big && echo more > more && cat more").stdout == b"more\n"
    finally:
        session.close()


@pytest.mark.docker
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_too_many_processes_are_the_commands_failure(cache, environment, shell):
    """What starts more processes than allowed is refused the next one, says so itself, and the session goes on."""
    session = docker_sandbox(cache, processes=8).open(environment, "crowd")
    try:
        script = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait"
        crowd = session.run(Command((shell, "-c", script), 30.0))
        rule = diagnose(crowd.stderr.decode())
        assert (rule.name, rule.fault) == ("processes", Fault.CANDIDATE), crowd
        assert sh(session, "echo fine").stdout == b"fine\n"
    finally:
        session.close()


@pytest.mark.docker
def test_repository_that_is_larger_than_the_sessions_disk_is_told(cache):
    """An image whose repository does not fit is told with the setting that helps, and not taken for a full engine."""
    name = "bugladder-test/large:latest"
    with built_image(
        name, "mkdir /testbed && cd /testbed && git init -q && head -c 30000000 /dev/urandom >a && git add a"
    ):
        source = ImageSource(name, "tiny/tiny", "0" * 40)
        with pytest.raises(InfrastructureError, match=r"session_disk_full: .*sandbox\.disk_mb"):
            docker_sandbox(cache, disk_mb=8).open(Environment(source, (), RunnerSpec("pytest", ()), python=""), "large")


@pytest.mark.docker
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("mkdir /testbed", "not a git repository"),
        ("mkdir /testbed && cd /testbed && git init -q && touch a", "is any file tracked"),
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
