import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from docker_engine import BASE_IMAGE, api, docker_sandbox
from sandbox_probes import sh

from bugladder.sandboxes.containers.containment import DRIVER
from bugladder.sandboxes.containers.drivers import driver_mark, is_over
from bugladder.sandboxes.containers.engine import Engine
from bugladder.sandboxes.containers.sweeping import sweep

DRIVER_PROGRAM = """
import signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
sys.path.insert(0, sys.argv[1])
from docker_engine import docker_sandbox
from bugladder.records import Command, Environment, RunnerSpec, SdistSource
sandbox = docker_sandbox(sys.argv[2])
session = sandbox.open(Environment(SdistSource(*sys.argv[4:8]), (), RunnerSpec("pytest", ())), "doomed@p1")
how = sys.argv[3]
if how == "error":
    raise ValueError("not caught")
if how == "end":
    sys.exit(0)
script = "(setsid sleep 81818 &) ; sleep 81818"
threading.Timer(0.5, print, ("running",), {"flush": True}).start()
session.run(Command(("sh", "-c", script), 600))
"""


@pytest.fixture
def start(cache, environment):
    """Starts a driver that ends in one way or another; whatever is left of it goes at the end."""
    docker_sandbox(cache)  # skips where there is no engine: a driver without one ends with an error as well
    started = []

    def start_one(how):
        source = environment.source
        argv = [sys.executable, "-c", DRIVER_PROGRAM, str(Path(__file__).parents[1]), str(cache), how]
        argv += [source.name, source.version, source.filename, source.sha256]
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return started[-1]

    yield start_one
    for driver in started:
        driver.kill()
        driver.communicate()
    for container in _doomed():
        api().remove_container(container["Id"], force=True)


def _doomed(state=None):
    found = api().containers(all=True, filters={"label": "bugladder.run=doomed@p1"})
    return [c for c in found if state in {None, c["State"]}]


def _wait_until(condition, limit_s=15.0):
    end = time.monotonic() + limit_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.docker
@pytest.mark.parametrize("how", ["end", "error"])
def test_driver_that_ends_takes_its_containers_along(start, how):
    """A driver that never closed its session leaves no container, whether it ended well or by an error."""
    driver = start(how)
    _, words = driver.communicate(timeout=60)
    assert driver.returncode == (1 if how == "error" else 0), words
    assert _doomed() == []


@pytest.mark.docker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_driver_that_is_stopped_leaves_nothing_running(start, number):
    """After Ctrl-C nothing is left; after kill -9 no process is, and a later start removes the rest."""
    driver = start("run")
    assert driver.stdout.readline() == b"running\n", driver.stderr.read()
    assert _sleepers()
    driver.send_signal(number)
    driver.wait(30)
    assert _wait_until(lambda: not _sleepers())
    if number == signal.SIGKILL:
        assert _wait_until(lambda: not _doomed("running"))
        assert len(_doomed()) == 1
        sweep(Engine(None, 30.0))
    assert _wait_until(lambda: not _doomed())


@pytest.mark.docker
def test_sweep_leaves_the_living_alone(cache, environment):
    """A sweep removes no container of a driver that still runs, this one included, nor anybody else's."""
    session = docker_sandbox(cache).open(environment, "living")
    other = api().create_container(BASE_IMAGE, ["true"], labels={"mine": "x"})["Id"]
    far = api().create_container(BASE_IMAGE, ["true"], labels={DRIVER: "another machine|boot|1|1.0"})["Id"]
    try:
        assert sweep(Engine(None, 30.0)) == []
        assert sh(session, "echo here").stdout == b"here\n"
    finally:
        session.close()
        for container in (other, far):
            api().remove_container(container)


@pytest.mark.docker
def test_sweep_removes_what_was_never_started(cache):
    """A container that a dead driver had only just made goes as well."""
    docker_sandbox(cache)
    place, _, _ = driver_mark().rpartition("|")
    dead = f"{place.rpartition('|')[0]}|{_dead_pid()}|1.00"
    made = api().create_container(BASE_IMAGE, ["true"], labels={DRIVER: dead})["Id"]
    assert sweep(Engine(None, 30.0)) == [made]


def test_marks_tell_who_is_over():
    """A living driver, a dead one, one whose pid somebody else has by now, and one that cannot be seen from here."""
    mark = driver_mark()
    place, _, started = mark.rpartition("|")
    assert is_over(mark) is False
    assert is_over(f"{place}|{float(started) - 60:.2f}") is True
    assert is_over(f"{place.rpartition('|')[0]}|{_dead_pid()}|1.0") is True
    assert is_over("elsewhere|1|1.0") is None
    assert is_over("") is None


@pytest.mark.docker
@pytest.mark.slow
def test_many_sessions_leak_nothing(cache, environment):
    """40 sessions, two at a time, leave no container and the same descriptors."""
    sandbox = docker_sandbox(cache)

    def once(number):
        session = sandbox.open(environment, f"leak-{number}")
        try:
            assert sh(session, f"echo {number}").stdout == f"{number}\n".encode()
        finally:
            session.close()

    def some(numbers):
        for number in numbers:
            once(number)

    some(range(3))
    before = len(list(Path("/proc/self/fd").iterdir()))
    workers = [threading.Thread(target=some, args=(range(start, 40, 2),)) for start in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2  # a connection a thread, until it is collected
    assert api().containers(all=True, filters={"label": f"{DRIVER}={driver_mark()}"}) == []


def _dead_pid():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def _sleepers():
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"sleep\x0081818" in path.read_bytes():
                found.append(path)
        except OSError:
            continue
    return found
