"""A stage that is killed in the middle resumes from the store, leaves nothing behind, and gives the same tables."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from climbing import choose, climb, timeless
from tiny_project import edit_yaml, make_project, stage

pytestmark = pytest.mark.slow

_WORKERS = 2
_COUNT = 6


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A project climbed without any disturbance, up to score."""
    root = _project(tmp_path_factory.mktemp("undisturbed"), workers=4)
    climb(root, "baseline", ("resolve", "select", "control", "run", "score"))
    return root


def _project(root, workers=_WORKERS):
    """Six instances, some at a time, whose search tries every mutant: some seconds of real work each."""
    make_project(root, _COUNT, {"baseline": _COUNT})
    edit_yaml(root / "conf" / "phase" / "baseline.yaml", workers=workers)
    choose(root, overrides=["solver.max_candidates=400", f"+sandbox.slots={workers}"])
    return root


def _stored(root):
    return len(list((root / ".bugladder" / "store").glob("??/*.json")))


def _start(root, name):
    argv = [sys.executable, "-m", f"stages.{name}", "baseline", "conf/gate/start.yaml"]
    env = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen(argv, cwd=root, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait(condition, what, timeout_s=120.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"no {what} within {timeout_s:.0f} s"
        time.sleep(0.02)


def _kill_in_the_middle(root, name):
    """SIGKILL a stage once two results are stored and others are under way; gives its descendants at that moment."""
    before, process = _stored(root), _start(root, name)
    _wait(lambda: _stored(root) >= before + 2 or process.poll() is not None, "second stored result")
    _wait(lambda: _holders(process) or process.poll() is not None, "sandbox at work")
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the stage ended before it was killed: make its work longer"
    return family


def _holders(process):
    try:
        return [p for p in psutil.Process(process.pid).children() if "bugladder-" in " ".join(p.cmdline())]
    except psutil.NoSuchProcess:
        return []


def _mounts_of(root):
    return [line for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines() if str(root) in line]


@pytest.mark.parametrize("name", ["control", "run"])
def test_a_killed_stage_resumes(tmp_path, undisturbed, name):
    """A kill -9 costs at most the instances in flight, leaves no process, mount or folder, and changes no table."""
    root = _project(tmp_path)
    climb(root, "baseline", ("resolve", "select", *(["control"] if name == "run" else [])))
    temporary = {p.name for p in (root / ".bugladder" / "tmp").glob("*")}
    at_start = _stored(root)
    family = _kill_in_the_middle(root, name)
    assert family
    _wait(
        lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family), "end of the family", 20
    )
    assert _mounts_of(root) == []
    kept = _stored(root) - at_start
    assert 2 <= kept < _COUNT
    assert not (
        root / "data" / "baseline" / ("controls.parquet" if name == "control" else "candidates.parquet")
    ).exists()
    again = stage(root, name, "baseline", "conf/gate/start.yaml")
    assert again.returncode == 0, again.stderr
    # what was stored is never done again, so that only what was in flight is
    assert again.stdout.strip() == f"{name}@baseline: new={_COUNT - kept} reused={kept}"
    assert not list(root.rglob("*.tmp"))
    left = {p.name for p in (root / ".bugladder" / "tmp").glob("*")} - temporary
    assert {n for n in left if not n.startswith("holder-") and n != "empty.pack"} == set()
    climb(root, "baseline", ("score",) if name == "run" else ("run", "score"))
    assert timeless(root, "baseline") == timeless(undisturbed, "baseline")


def test_workers_and_slots_change_no_result(tmp_path, undisturbed):
    """One worker with one sandbox gives the tables that four of each give."""
    root = _project(tmp_path, workers=1)
    said = climb(root, "baseline", ("resolve", "select", "control", "run", "score"))
    assert said["run"] == f"run@baseline: new={_COUNT} reused=0"
    assert timeless(root, "baseline") == timeless(undisturbed, "baseline")
