import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sandbox_probes import make_sdist, python, sh

from bugladder.records import BugladderError, Environment, InfrastructureError, RunnerSpec
from bugladder.records.protocols import Sandbox, Session
from bugladder.sandboxes.local import LocalSandbox

DRIVER = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from bugladder.records import Command, Environment, RunnerSpec, SdistSource
from bugladder.sandboxes.local import LocalSandbox
source = SdistSource(*sys.argv[4:8])
sandbox = LocalSandbox(cache=sys.argv[1], tool_requirements=(), force_open=sys.argv[2] == "open")
session = sandbox.open(Environment(source, (), RunnerSpec("pytest", ())), "doomed-driver")
script = "(setsid sleep 71717 &) ; sleep 71717"
threading.Thread(target=session.run, args=(Command(("sh", "-c", script), 600),)).start()
print("running", flush=True)
"""


def _command_lines():
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes()
        except OSError:
            continue
    return found


def _left(words):
    return [line for line in _command_lines().values() if any(word in line for word in words)]


def _wait_until(condition, limit_s=10.0):
    end = time.monotonic() + limit_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("mode", ["closed", "open"])
def test_killed_driver_leaves_nothing(cache, environment, mode):
    """After kill -9 of the driver no process, mount or folder of its session is left."""
    mounts = Path("/proc/self/mountinfo").read_text()
    source = environment.source
    argv = [sys.executable, "-c", DRIVER, str(cache), mode, str(Path(__file__).parent)]
    argv += [source.name, source.version, source.filename, source.sha256]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as driver:
        assert driver.stdout.readline() == b"running\n"
        assert _wait_until(lambda: len(_left([b"sleep\x0071717"])) == 2)
        driver.send_signal(signal.SIGKILL)
    assert _wait_until(lambda: not _left([b"71717", b"bugladder-doomed-driver"]))
    assert _wait_until(lambda: not list((cache / "tmp").glob("session-*")))
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_closing_removes_what_a_command_locked_away(sandbox, environment, cache):
    """Folders without permissions do not keep an open session's folder from being removed."""
    session = sandbox.open(environment, "locked")
    sh(session, "mkdir -p a/b && touch a/b/c && chmod 0 a/b a && ln -s / $TMPDIR/root")
    session.close()
    assert not list((cache / "tmp").glob("session-*"))


def test_many_sessions_leak_nothing(cache, environment):
    """64 sessions opened and closed, some at once, leave the same descriptors and no child process."""
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=())

    def once(number):
        session = sandbox.open(environment, f"leak-{number}")
        try:
            return sh(session, f"echo {number}").stdout
        finally:
            session.close()

    once(0)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(once, range(64)))
    assert answers == [f"{number}\n".encode() for number in range(64)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert not _left([b"bugladder-leak-"])


def test_session_outlives_the_thread_that_opened_it(sandbox, environment):
    """A session opened in a thread that has ended serves another one."""
    with ThreadPoolExecutor(1) as pool:
        session = pool.submit(sandbox.open, environment, "thread").result()
    time.sleep(0.1)
    assert sh(session, "echo here").stdout == b"here\n"
    session.close()


def test_sandbox_keeps_the_protocol(sandbox, session):
    """The plug and its sessions are what protocols.py asks for."""

    def takes(plug: Sandbox, opened: Session) -> str:
        return plug.name + opened.root

    assert takes(sandbox, session).startswith(f"{sandbox.name}/")
    keys = {"isolation", "network", "memory", "processes", "cpu", "file_size", "disk"}
    assert set(session.enforcement) - {"image"} == keys


def test_digest_follows_what_decides_a_result(environment):
    """The digest changes with the environment and a limit, and not with the place of the cache."""
    sandbox = LocalSandbox(cache="/a")
    assert sandbox.digest(environment) == replace(sandbox, cache="/b", open_timeout_s=5.0).digest(environment)
    other = replace(environment, overlay={"x.py": b"1\n"})
    digests = {sandbox.digest(environment), sandbox.digest(other), replace(sandbox, memory_mb=1).digest(environment)}
    assert len(digests) == 3


def test_open_needs_leave(cache, environment):
    """Without namespaces and with allow_open false, opening is an InfrastructureError that says what to change."""
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=(), allow_open=False, force_open=True)
    with pytest.raises(InfrastructureError, match="allow_open"):
        sandbox.open(environment, "refused")


def test_other_python_is_refused(sandbox, environment):
    """An environment for another Python is an error that names both versions."""
    with pytest.raises(BugladderError, match=r"tiny-lib-1\.2: environment needs Python 3\.99, .* (has|shows) 3\."):
        sandbox.open(replace(environment, python="3.99"), "python")


@pytest.mark.parametrize("path", ["../out.py", "/etc/passwd", "a/../../b"])
def test_overlay_stays_inside(sandbox, environment, path):
    """An overlay path that leaves the repository is an error that names it, and nothing is opened."""
    with pytest.raises(BugladderError, match=r"tiny-lib-1\.2: overlay path"):
        sandbox.open(replace(environment, overlay={path: b"x"}), "overlay")


def test_overlay_that_does_not_fit_is_infrastructure(cache, environment):
    """A tree larger than the disk is an InfrastructureError in one line, and no holder is left."""
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=(), disk_mb=1)
    large = replace(environment, overlay={"large.bin": bytes(3 << 20)})
    session = None
    try:
        with pytest.raises(InfrastructureError, match="No space left"):
            session = sandbox.open(large, "too-large")
    finally:
        if session is not None:
            session.close()
    assert not _left([b"bugladder-too-large"])


def test_cache_that_cannot_be_used_is_told(tmp_path):
    """Where the cache cannot be written, opening is an InfrastructureError in one line that names it."""
    environment = Environment(make_sdist(tmp_path), (), RunnerSpec("pytest", ()))
    (tmp_path / "tmp").write_text("in the way")
    with pytest.raises(InfrastructureError, match=f"sandbox nowhere: cache {tmp_path} cannot be used") as caught:
        LocalSandbox(cache=str(tmp_path), tool_requirements=()).open(environment, "nowhere")
    assert "\n" not in str(caught.value)


def test_tree_is_packed_once(cache):
    """The second opening of an sdist reads its packed tree, not the archive."""
    source = make_sdist(cache, "9.9")
    environment = Environment(source, (), RunnerSpec("pytest", ()))
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=())
    sandbox.open(environment, "pack").close()
    archive = cache / "sdists" / source.sha256 / source.filename
    archive.write_bytes(b"no archive any more")
    session = sandbox.open(environment, "pack")
    assert python(session, "import tiny; print(tiny.VALUE)").stdout == b"1\n"
    session.close()
