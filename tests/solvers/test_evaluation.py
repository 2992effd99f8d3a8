"""The forked server, driven as the solver drives it, in a folder of its own."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bugladder.solvers.repair.evaluation import TrialLimits, evaluate
from bugladder.solvers.repair.source import Edit
from bugladder.workspace import Deadline

CODE = "import os\nLIMIT = 1\n\n\ndef small(x):\n    return x < LIMIT\n"
TESTS = """
import unittest
import pytest
from mini import core


@pytest.mark.parametrize("x", [1, 2])
def test_small(x):
    assert core.small(x)


class Case(unittest.TestCase):
    def test_zero(self):
        self.assertTrue(core.small(2))
"""
FILES = {"mini/__init__.py": "", "mini/core.py": CODE, "tests/test_core.py": TESTS, "data.txt": "kept"}
IDS = ["tests/test_core.py::test_small[1]", "tests/test_core.py::test_small[2]", "tests/test_core.py::Case::test_zero"]
LIMITS = TrialLimits(timeout_s=3.0, cpu_factor=1.0, cpu_floor_s=1.0, memory_mb=1024)
FIX = CODE.replace("x < LIMIT", "x <= LIMIT + 1")


def whole(text, path="mini/core.py", old=CODE):
    """An edit that replaces the whole file."""
    return Edit(path, 0, len(old.encode()), text)


def inject(line):
    """The right fix, with one line that every call runs first."""
    return whole(FIX.replace("    return", f"    {line}\n    return"))


def snapshot(root):
    """Content of every file by path."""
    return {str(p.relative_to(root)): p.read_bytes() for p in Path(root).rglob("*") if p.is_file()}


def test_reference_like_edits_pass(lab):
    """Fixes with a new function, a changed signature and a module-level edit are all judged right, wrong ones wrong."""
    place = lab(FILES)
    edits = [
        whole(CODE + "\n"),
        whole(FIX),
        whole(CODE.replace("x < LIMIT", "inside(x)") + "\n\ndef inside(x):\n    return x < 3\n"),
        whole(
            CODE.replace("small(x)", "small(x, limit=9)")
            .replace("LIMIT\n", "limit\n", 2)
            .replace("limit = 1", "LIMIT = 1")
        ),
        whole(CODE.replace("LIMIT = 1", "LIMIT = 3")),
        whole(CODE.replace("LIMIT = 1", "LIMIT = 2")),
        whole("def small(x):\n    return (\n"),
        whole("import os\n"),
    ]
    before = snapshot(place.session.root)
    evaluation = evaluate(place.workspace, IDS, edits, LIMITS, Deadline(120))
    assert evaluation.reason == ""
    assert [evaluation.trials[n].is_pass for n in range(8)] == [False, True, True, True, True, False, False, False]
    assert evaluation.trials[5].passed == 1
    assert snapshot(place.session.root) == before


@pytest.mark.slow
def test_hostile_candidates_end_with_their_trial(lab, tmp_path):
    """Loops, leaks, exits, closed descriptors, strays and changed files cost one trial each and touch no other."""
    place = lab(FILES)
    mark = tmp_path / "stray"
    stray = f"import time; time.sleep(1.5); open({str(mark)!r}, 'w').close()"
    edits = [
        inject("while True: pass"),
        inject("os._exit(0)"),
        inject("os.closerange(0, 256)"),
        inject("bytearray(3 << 30)"),
        inject("os.kill(os.getpid(), 9)"),
        inject(f"import subprocess as s, sys; s.Popen([sys.executable, '-c', {stray!r}], start_new_session=True)"),
        inject(
            "import shutil; shutil.rmtree('tests', True); open('data.txt', 'w').close(); open('extra', 'w').close()"
        ),
        inject(
            "import shutil; shutil.rmtree('mini', True); os.makedirs('deep/er', exist_ok=True); os.chmod('deep', 0)"
        ),
        inject("import sys; sys.exit(0)"),
        inject("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); import time; time.sleep(60)"),
        whole(FIX),
    ]
    before = snapshot(place.session.root)
    evaluation = evaluate(place.workspace, IDS, edits, LIMITS, Deadline(120))
    statuses = [evaluation.trials[n].status for n in range(len(edits))]
    assert statuses[0] == statuses[9] == "timeout"
    assert statuses[1] == statuses[4] == "crashed"
    passes = [evaluation.trials[n].is_pass for n in range(len(edits))]
    # what ends with the trial and did the right thing before is judged by its tests
    assert passes == [False, False, passes[2], False, False, True, True, True, False, False, True]
    assert snapshot(place.session.root) == before
    assert not (Path(place.session.root) / "deep").exists()
    time.sleep(2)
    assert not mark.exists()


@pytest.mark.slow
def test_fork_bomb_ends_with_its_trial(lab):
    """Children that go on forking are gone when the next candidate is tried."""
    place = lab(FILES)
    bomb = inject("[os.fork() for _ in range(4)]; __import__('time').sleep(60)")
    evaluation = evaluate(place.workspace, IDS, [bomb, whole(FIX)], LIMITS, Deadline(120))
    assert [evaluation.trials[n].is_pass for n in range(2)] == [False, True]


@pytest.mark.slow
def test_killed_server_is_started_again(lab):
    """A candidate that kills the server has crashed, and those behind it are still tried."""
    place = lab(FILES)
    edits = [whole(FIX), inject("os.kill(os.getppid(), 9)"), whole(FIX), whole(CODE + "#")]
    evaluation = evaluate(place.workspace, IDS, edits, LIMITS, Deadline(120))
    assert [evaluation.trials[n].is_pass for n in range(4)] == [True, False, True, False]
    assert evaluation.trials[1].status == "crashed"
    assert place.workspace.read(["mini/core.py"]) == {"mini/core.py": CODE.encode()}


@pytest.mark.slow
def test_equal_sized_edits_do_not_share_bytecode(lab):
    """Candidates of the same length within one second are each compiled anew."""
    place = lab(FILES)
    edits = [whole(CODE.replace("LIMIT = 1", f"LIMIT = {n}")) for n in (0, 3, 1, 4, 2)]
    evaluation = evaluate(place.workspace, IDS, edits, LIMITS, Deadline(120))
    assert [evaluation.trials[n].is_pass for n in range(5)] == [False, True, False, True, False]


def test_tests_that_pass_unchanged_judge_nothing(lab):
    """Where the tests pass on the unchanged code there is nothing to repair by them, and no trial is made."""
    files = {**FILES, "mini/core.py": FIX}
    place = lab(files)
    evaluation = evaluate(place.workspace, IDS, [whole(CODE, old=FIX)], LIMITS, Deadline(120))
    assert "pass on the unchanged code" in evaluation.reason
    assert evaluation.trials == {}


@pytest.mark.slow
def test_deadline_cuts_and_says_so(lab):
    """When the seconds run out the rest is left untried and the result is marked."""
    place = lab(FILES)
    looping = [inject(f"while True: {n}") for n in range(20)]
    started = time.monotonic()
    evaluation = evaluate(place.workspace, IDS, looping, LIMITS, Deadline(4.0))
    assert evaluation.was_cut
    assert len(evaluation.trials) < 20
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_dependency_that_imports_the_package_is_left_to_the_forks(lab):
    """A dependency that brings in the code under test is not loaded by the server, and trials are still right."""
    place = lab({**FILES, "conftest.py": "import outsider\n"})
    outside = Path(place.session.scratch).parent / "outside"
    outside.mkdir()
    (outside / "outsider.py").write_text("from mini import core\n")
    place.session.pythonpath = (str(outside),)
    evaluation = evaluate(place.workspace, IDS, [whole(FIX), whole(CODE + "#"), whole(FIX)], LIMITS, Deadline(120))
    assert [evaluation.trials[n].is_pass for n in range(3)] == [True, False, True]


@pytest.mark.slow
def test_cost_per_candidate_is_a_fraction_of_cold(lab):
    """A trial costs less than half of the CPU of a cold run of the same tests."""
    place = lab(FILES)
    edits = [whole(CODE + f"# {n}\n") for n in range(30)]
    before = os.times()
    evaluation = evaluate(place.workspace, IDS, edits, LIMITS, Deadline(300))
    after = os.times()
    cost = (after.children_user + after.children_system - before.children_user - before.children_system) / 30
    cold = place.workspace.test(IDS).command.cpu_s
    assert len(evaluation.trials) == 30
    assert cost < cold / 2
