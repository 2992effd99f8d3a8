"""A foreign agent in the sandbox that it is meant for, with the real meter and a model's server that does as told."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from random import Random

import pytest
import yaml
from chat_acts import Act, failure, in_order, reply, too_long
from guests import KEY_VARIABLE, MODEL, PRICE, agent, calls_tool, guest_world
from tiny_bug import PROJECT

from bugladder import config
from bugladder.records import BugladderError, InfrastructureError
from bugladder.records.chats import CapReachedError
from bugladder.records.declining import DeclinedError
from bugladder.records.encoding import decode_files
from bugladder.running.opening import workspace_opener
from bugladder.workspace import Bench, Deadline
from bugladder.workspace.patches import touched_paths

_KEY = f"key-{secrets.token_hex(8)}"


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    """The driver has a key; the agent has none."""
    monkeypatch.setenv(KEY_VARIABLE, _KEY)


@pytest.fixture
def world(cache):
    """A world whose model answers with the line that fixes the bug."""
    with guest_world(cache, in_order(reply("return a + b"))) as world:
        yield world


def _detail(done):
    return json.loads(done["attempts"][0]["detail"])


def test_an_agent_solves_by_the_proxy_alone(world):
    """An agent without key and network fixes the bug by what our model answers; its new test is handed in apart."""
    done = world.work(agent("solve", "{issue_file}", "{failing_tests_file}"))
    candidate = done["candidate"]
    assert "+    return a + b" in candidate["patch"]
    assert "test_own" not in candidate["patch"]
    assert "debris" not in candidate["patch"]
    assert list(decode_files(json.loads(candidate["test_files"]))) == ["tests/test_own.py"]
    assert candidate["iterations"] is None
    (received,) = world.server.requests
    assert received.json["model"] == MODEL
    assert received.json["max_completion_tokens"] == 1000
    assert received.json["messages"] == [{"role": "user", "content": world.task.problem_statement}]
    assert received.headers["authorization"] == f"Bearer {_KEY}"
    detail = _detail(done)
    assert {k: detail[k] for k in ("calls", "answered", "refused", "tokens_in", "tokens_out", "exit_code")} == {
        "calls": 1, "answered": 1, "refused": 0, "tokens_in": 100, "tokens_out": 20, "exit_code": 0,
    }  # fmt: skip
    assert "2 passed" in detail["stdout_tail"]
    assert world.task.public_fail_to_pass[0] in detail["stdout_tail"]
    assert [(c["step"], c["tokens_in"]) for c in done["calls"]] == [("agent", 100)]
    assert not done["was_cut"]


def test_equal_runs_ask_nothing_twice(world):
    """A second run of the same agent is answered from the cache and hands in the same."""
    solver = agent("solve", "{issue_file}", "{failing_tests_file}")
    first, second = world.work(solver), world.work(solver)
    assert first["candidate"]["patch"] == second["candidate"]["patch"]
    assert len(world.server.requests) == 1


def test_no_agent_overspends(cache):
    """An agent that asks for ever is refused at the cap and ends; its instance is not run, the cap not passed."""
    cap_usd = 0.02
    with guest_world(cache, in_order(reply("ok", tokens=(100, 20))), budget_usd=cap_usd) as world:
        with pytest.raises(CapReachedError):
            world.work(agent("spend"))
        each_usd = PRICE.usd(100, 0, 20)
        assert len(world.server.requests) > 1
        assert len(world.server.requests) * each_usd <= cap_usd
        assert world.meter.ledger.spent_usd == pytest.approx(len(world.server.requests) * each_usd)


def test_calls_are_counted(world):
    """An agent that asks beyond its limit of calls is refused one by one, then stopped; what it left is handed in."""
    solver = agent("spend")
    done = world.work(replace(solver, limits=replace(solver.limits, calls=3, refusals=2)))
    detail = _detail(done)
    assert (detail["calls"], detail["refused"]) == (3, 3)
    assert len(world.server.requests) == 3
    assert detail["stdout_tail"].split("\n")[3:6] == ["403"] * 3
    assert "beyond its 3 calls" in done["candidate"]["reason"]


def test_a_question_that_the_server_refuses_is_the_agents_affair(cache):
    """Where the server finds a request too long or malformed the agent is told so, and the run goes on."""
    acts = in_order(too_long(), failure(400, "messages[0] is odd"), reply("return a + b"))
    with guest_world(cache, acts) as world:
        solver = agent("spend")
        done = world.work(replace(solver, limits=replace(solver.limits, calls=3, refusals=1)))
    assert _detail(done)["stdout_tail"].split("\n")[:3] == ["400", "400", "return a + b"]


def test_a_model_that_does_not_answer_is_no_failure_of_the_agent(cache):
    """Where the model's server is down the instance is an infrastructure failure, whatever the agent makes of it."""
    with guest_world(cache, in_order(failure(500))) as world, pytest.raises(InfrastructureError, match="no reply"):
        world.work(agent("spend"))


def test_no_secret_is_in_sight(world, cache, tmp_path):
    """Key, store, other homes and the driver's processes are nowhere in the sandbox, and the issue's text is."""
    token = secrets.token_hex(12)
    for place in (cache / "store" / "answer.json", tmp_path / "answers.parquet"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(token, encoding="utf-8")
    for hidden in (token, _KEY):
        shown = _detail(world.work(agent("spy", hidden[::-1], str(cache), str(PROJECT))))["stdout_tail"]
        assert shown == "looked at True\n"
    issue = world.task.problem_statement
    assert "found in /scratch/issue.md" in _detail(world.work(agent("spy", issue[::-1])))["stdout_tail"]


def test_nobody_is_in_reach(world):
    """No address answers, not even the model's own server on this machine."""
    shown = _detail(world.work(agent("reach", str(world.server.port))))["stdout_tail"]
    assert shown.count("not reached") == 4


def test_a_poisoned_git_config_does_nothing(world, tmp_path):
    """Hooks, filters and monitors that an agent leaves in its repository are never run by us, inside or outside."""
    marker = tmp_path / "marker"
    done = world.work(agent("poison", str(marker)))
    assert "armed True" in _detail(done)["stdout_tail"]
    assert not marker.exists()
    patch = done["candidate"]["patch"]
    assert "+    return a + b" in patch
    assert set(touched_paths(patch)) == {".gitattributes", "evil.sh", "tiny.py"}


def test_output_is_bounded(world):
    """What an agent prints beyond its bound is dropped, and changes beyond theirs are no candidate."""
    done = world.work(agent("flood", "3", max_output_bytes=100_000, max_change_bytes=1 << 20))
    assert _detail(done)["is_truncated"]
    assert len(_detail(done)["stdout_tail"]) == 4000
    assert done["candidate"]["patch"] is None
    assert "1048576" in done["candidate"]["reason"]


def test_an_agent_without_end_is_stopped(world):
    """At its time-out what stands there is handed in, says so, and is no result to be stored."""
    done = world.work(agent("linger", timeout_s=1.5))
    assert "+    return a + b" in done["candidate"]["patch"]
    assert "time-out of 2 s" in done["candidate"]["reason"]
    assert done["was_cut"]


def test_children_do_not_outlive_the_agent(world):
    """A child in a session of its own ends with the agent and changes nothing afterwards."""
    done = world.work(agent("outlive"))
    assert _detail(done)["stdout_tail"] == "gone\n"
    assert done["candidate"]["patch"] is None


def test_links_and_pipes_are_left_out(world):
    """Links out of the tree, what lies behind them, and pipes are in no patch."""
    done = world.work(agent("lead_astray"))
    patch = done["candidate"]["patch"]
    assert "+    return a + b" in patch
    assert set(touched_paths(patch)) == {"tests/test_tiny.py", "tiny.py"}
    assert list(decode_files(json.loads(done["candidate"]["test_files"]))) == ["elsewhere/test_tiny.py"]


def test_the_repository_is_one_commit(world):
    """An agent finds a clean repository of one commit, by nobody, with no other object or ref."""
    lines = _detail(world.work(agent("look_at_git")))["stdout_tail"].split("\n")
    assert lines[:2] == ["['1']", "[]"]
    assert sorted(lines[2].split("'")[1::2]) == ["blob"] * 4 + ["commit"] + ["tree"] * 2
    assert lines[3:5] == ["['nobody', 'base']", "['refs/heads/main']"]


def test_an_open_sandbox_is_refused(world):
    """Where the sandbox cannot isolate, nothing is run and one line says what would be right."""
    world.sandbox = replace(world.sandbox, force_open=True)
    with pytest.raises(BugladderError, match="isolation is open; allow user namespaces") as caught:
        world.work(agent("spend"))
    assert "\n" not in str(caught.value)
    assert not world.server.requests


def test_an_agent_is_not_shown_the_library_that_it_repairs(world):
    """An agent whose own environment holds a release of the task's library declines the instance, and asks nothing."""
    solver = agent("spend", requirements=("Tiny==1.1", "other==2"))
    opened = workspace_opener(world.sandbox, 60.0)(world.task.environment, {})
    with opened as workspace, pytest.raises(DeclinedError, match=r"Tiny==1\.1, in which the answer may stand"):
        solver.solve(world.task, Bench(workspace, Random(0), Deadline(9.0)))
    assert not world.server.requests


def test_an_agent_needs_a_model(world):
    """Without a model the agent is not started, and the line says which key to set."""
    opened = workspace_opener(world.sandbox, 60.0)(world.task.environment, {})
    with opened as workspace, pytest.raises(BugladderError, match="set `model`"):
        agent("spend").solve(world.task, Bench(workspace, Random(0), Deadline(9.0)))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"argv": []}, "argv is empty"),
        ({"argv": ["x"], "requirements": ["click>=8"]}, "click>=8.*full pin"),
        ({"argv": ["x"], "requirements": ["=="]}, "'=='"),
        ({"argv": ["x"], "limits": {"calls": 0}}, "calls is 0"),
        ({"argv": ["x"], "timeout_s": 0}, "timeout_s is 0"),
        ({"argv": ["x"], "colour": 1}, "colour: unknown key"),
    ],
)
def test_wrong_settings_are_refused(fields, words):
    """A setting that could never work is an error before any work, naming the key."""
    node = {"_target_": "bugladder.solvers.command.CommandSolver", "name": "x", **fields}
    with pytest.raises(BugladderError, match=words):
        config.build(node, where="solver")


@pytest.mark.slow
@pytest.mark.network
def test_mini_swe_agent_works_as_configured(cache):
    """The worked example runs as its file says: installed from its pins, through the proxy, by tool calls."""
    node = yaml.safe_load((PROJECT / "conf" / "solver" / "mini_swe_agent.yaml").read_text(encoding="utf-8"))
    commands = ("sed -i 's/return a - b/return a + b/' tiny.py", "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
    with guest_world(cache, in_order(*(Act(body=calls_tool(c)) for c in commands))) as world:
        done = world.work(config.build(node, where="solver"))
    assert "+    return a + b" in done["candidate"]["patch"], _detail(done)
    assert _detail(done)["exit_code"] == 0
    assert [c["finish_reason"] for c in done["calls"]] == ["tool_calls"] * 2
    first, second = (r.json for r in world.server.requests)
    assert world.task.problem_statement in first["messages"][1]["content"]
    assert second["messages"][2]["tool_calls"][0]["function"]["name"] == "bash"
    assert second["messages"][3]["role"] == "tool"
