from __future__ import annotations

import pytest
import yaml
from chat_acts import in_order, reply
from chat_server import ChatServer
from tiny_bug import PROJECT

from bugladder import config
from bugladder.models.openai_chat import OpenAIChat
from bugladder.models.tiered import TieredChat
from bugladder.records import BugladderError, Difficulty, Environment, RunnerSpec, SdistSource, Task
from bugladder.records.chats import Message, Question

QUESTION = Question("fix", 1, (Message("user", "x"),))


def task(difficulty):
    """A task with nothing but its apparent difficulty."""
    environment = Environment(SdistSource("mini", "1.0", "mini-1.0.tar.gz", "0" * 64), (), RunnerSpec("pytest", ()))
    return Task("mini-1", "pypi", "release", "mini", "It is wrong.", environment, (), (), difficulty, "split")


def tiered(base_url="http://localhost:1/v1"):
    """Two models on one server."""
    mini = OpenAIChat("mini", "small", base_url, None, max_output_tokens=100)
    return TieredChat("tiered", mini, OpenAIChat("big", "large", base_url, None, max_output_tokens=200))


@pytest.mark.parametrize(
    ("difficulty", "asked"),
    [
        (Difficulty.EASY, "small"),
        (Difficulty.MEDIUM, "small"),
        (Difficulty.HARD, "large"),
        (Difficulty.VERY_HARD, "large"),
    ],
)
def test_apparent_difficulty_routes(difficulty, asked):
    """Easy and medium tasks reach the mini model, hard and very hard ones the big one, as the server sees it."""
    with ChatServer(in_order(reply())) as server:
        answer = tiered(server.base_url).for_task(task(difficulty)).try_once(QUESTION)
        assert [r.json["model"] for r in server.requests] == [asked]
    assert answer.model_answered == asked


def test_it_answers_only_for_a_task():
    """Without a task there is nothing to route by, and saying so costs no request."""
    with pytest.raises(BugladderError, match="for_task"):
        tiered().try_once(QUESTION)


def test_both_models_are_its_identity():
    """A change in either model is a change of the whole, and a reservation covers the larger one."""
    one = tiered()
    assert one.max_output_tokens == 200
    assert one.identity() != TieredChat("tiered", one.mini, one.mini).identity()
    assert one.identity() != TieredChat("tiered", one.big, one.big).identity()


def test_the_choice_in_conf_routes_between_the_two():
    """conf/model/tiered.yaml asks the models of gpt-4o-mini.yaml and gpt-4o.yaml with their settings."""
    conf = {path.stem: yaml.safe_load(path.read_text()) for path in (PROJECT / "conf/model").glob("*.yaml")}
    built = config.build(conf["tiered"])
    assert built.mini.identity() == config.build(conf["gpt-4o-mini"]).identity()
    assert built.big.identity() == config.build(conf["gpt-4o"]).identity()
