"""The loop as it is really run: in the local sandbox, from an instance's environment, built from its YAML."""

from __future__ import annotations

import random

import pytest
import yaml
from listed_chat import ListedChat
from tiny_bug import FAIL_TO_PASS, NEW_TESTS, PASS_TO_PASS, PROJECT

from bugladder import config
from bugladder.records import Task
from bugladder.solvers.loop import LoopSolver
from bugladder.workspace import Bench, Deadline

OWN = "from tiny import add\n\n\ndef test_sum():\n    assert add(2, 2) == 4\n"
REPLIES = [
    {"files": [{"path": "tests/test_own.py", "content": OWN}]},
    {"edits": [{"file": "tiny.py", "search": "return a - b", "replacement": "return b - a"}]},
    {"edits": [{"file": "tiny.py", "search": "return a - b", "replacement": "return a + b"}]},
]


def settings():
    """The solver's node of the configuration."""
    return yaml.safe_load((PROJECT / "conf" / "solver" / "loop.yaml").read_text(encoding="utf-8"))


def test_the_yaml_says_the_defaults():
    """conf/solver/loop.yaml names every setting but the path rules, with the value that the code has by default."""
    node = settings()
    assert config.build(node, where="solver") == LoopSolver()
    assert {*node} == {"_target_", *vars(LoopSolver())} - {"paths"}


@pytest.mark.slow
def test_the_loop_in_the_local_sandbox(tiny_world, make_instance):
    """Twice the same replies give the same questions and the same candidate, in a fenced sandbox each."""
    instance = make_instance()
    task = Task(
        instance.instance_id, "pypi", "release", "tiny", instance.problem_statement, instance.environment,
        FAIL_TO_PASS, PASS_TO_PASS, instance.apparent_difficulty, "split", {"tests/test_tiny.py": NEW_TESTS},
    )  # fmt: skip
    found = []
    for _ in range(2):
        chat = ListedChat(REPLIES)
        with tiny_world.open_workspace(task.environment, task.public_test_files) as workspace:
            workspace.remember()
            solution = config.build(settings(), where="solver").solve(
                task, Bench(workspace, random.Random(1), Deadline(300.0), chat)
            )
            assert workspace.diff() == ""
        found.append((solution.candidate, chat.asked))
    assert found[0] == found[1]
    assert found[0][0].iterations == 2
    assert found[0][0].patch.count("+    return a + b") == 1
