"""Two climbs of the same project, each in processes of its own, give the same results."""

import json
import os
import subprocess
import sys

import pytest
from climbing import choose, timeless
from tiny_project import PROJECT, make_project

pytestmark = pytest.mark.slow

_STAGES = ("resolve", "select", "control", "run", "score", "analyze", "plot", "report")
_TIMES = ("seconds", "spent", "store", "reused")


@pytest.fixture(scope="module")
def climbs(tmp_path_factory):
    """Two folders in which baseline and p1 were climbed, with other hash seeds and other numbers of workers."""
    roots = []
    for number, overrides in enumerate((["+sandbox.slots=1"], ["+sandbox.slots=4"])):
        root = make_project(tmp_path_factory.mktemp("climb"), 4, {"baseline": 2, "p1": 4})
        choose(root, overrides=["ladder.enforce=false", "solver.max_candidates=40", *overrides])
        path = ":".join([str(root), str(PROJECT / "tests")])
        for phase in ("baseline", "p1"):
            done = subprocess.run(
                [sys.executable, "-m", "climbing", phase, *_STAGES], cwd=root, capture_output=True, text=True,
                check=False, timeout=300, env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": str(number + 1)},
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        roots.append(root)
    return roots


def _without_times(value):
    if isinstance(value, dict):
        return {k: _without_times(v) for k, v in value.items() if not any(t in k for t in _TIMES)}
    return [_without_times(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("phase", ["baseline", "p1"])
def test_tables_are_the_same(climbs, phase):
    """Every column of every table that is no time is equal."""
    first, second = (timeless(root, phase) for root in climbs)
    assert first == second
    assert len(first["scores"]) == 4 * len(first["instances"])


@pytest.mark.parametrize("phase", ["baseline", "p1"])
@pytest.mark.parametrize("name", ["metrics", "decision"])
def test_metrics_and_decisions_are_the_same(climbs, phase, name):
    """Every number of metrics.json and decision.json that is no time and not what was newly paid is equal."""
    first, second = (json.loads((r / "reports" / phase / f"{name}.json").read_text(encoding="utf-8")) for r in climbs)
    assert _without_times(first) == _without_times(second)


@pytest.mark.parametrize("phase", ["baseline", "p1"])
def test_figures_are_the_same(climbs, phase):
    """Every figure has the same bytes, and there are some."""
    first, second = ({p.name: p.read_bytes() for p in (r / "reports" / phase / "figures").iterdir()} for r in climbs)
    assert first.keys() == second.keys()
    assert len(first) >= 8
    assert [name for name in first if first[name] != second[name]] == []
