from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from tiny_bug import PROJECT

from bugladder import config
from bugladder.models.scripted import NO_REPLY, ScriptedModel, read_script
from bugladder.records import BugladderError, Difficulty, Environment, RunnerSpec, SdistSource, Task
from bugladder.records.chats import Message, Question, Usage
from bugladder.records.prices import PriceTable
from bugladder.records.protocols import ChatModel

_ENVIRONMENT = Environment(SdistSource("mini", "1.0", "mini-1.0.tar.gz", "0" * 64), (), RunnerSpec("pytest", ()))
TASK = Task("mini-1", "pypi", "release", "mini", "It is wrong.", _ENVIRONMENT, (), (), Difficulty.EASY, "split")
LOOK = {"iteration": 1, "step": "fix", "answer": {"open": ["a.py"]}, "tokens_in": 100, "tokens_out": 10}
EDIT = LOOK | {"answer": {"edits": ["é"]}, "tokens_in": 200, "tokens_cached": 90, "if_shown": "What you asked to see:"}
PROSE = LOOK | {"iteration": 2, "answer": "I would change a line."}
SCRIPT = {"instance_id": "mini-1", "acts_out": "a look, an edit, prose", "replies": [LOOK, EDIT, PROSE]}


def question(iteration=1, step="fix", shown="The code."):
    """A question of one round and step that shows something."""
    return Question(step, iteration, (Message("system", "You repair."), Message("user", shown)))


@pytest.fixture
def model(tmp_path):
    """A model on a folder with one instance's script."""
    (tmp_path / "mini-1.yaml").write_text(yaml.safe_dump(SCRIPT), encoding="utf-8")
    return ScriptedModel("scripted", str(tmp_path))


def test_a_reply_answers_its_round_and_step(model):
    """Round and step choose the reply; an object is sent as JSON and a text as it is."""
    chosen = model.for_task(TASK)
    assert json.loads(chosen.try_once(question()).text) == {"open": ["a.py"]}
    assert chosen.try_once(question(2)).text == "I would change a line."


def test_what_the_messages_show_chooses_among_several(model):
    """The last reply whose text stands in the messages is taken, whichever was asked for before."""
    chosen = model.for_task(TASK)
    shown = question(shown="Much code.\nWhat you asked to see:\na.py")
    for _ in range(2):
        assert json.loads(chosen.try_once(shown).text) == {"edits": ["é"]}
        assert json.loads(chosen.try_once(question()).text) == {"open": ["a.py"]}
    # another sample of an equal question is no further request
    assert chosen.try_once(replace(shown, sample=3)) == chosen.try_once(shown)


def test_usage_is_as_written(model):
    """Tokens are those that the script states, so that money can be computed by hand."""
    reply = model.for_task(TASK).try_once(question(shown="What you asked to see:"))
    assert reply.usage == Usage(tokens_in=200, tokens_out=10, tokens_cached=90)
    prices: PriceTable = config.build(yaml.safe_load((PROJECT / "conf/prices/default.yaml").read_text()), PriceTable)
    price = prices.price(reply.model_answered, model.model)
    # (110 x 2.00 + 90 x 0.50 + 10 x 8.00) / 1,000,000
    assert price.usd(200, 90, 10) == pytest.approx(0.000345)


@pytest.mark.parametrize(
    ("iteration", "step", "instance", "words"),
    [
        (3, "fix", "mini-1", "mini-1.yaml holds no reply for iteration 3, step fix"),
        (1, "talk", "mini-1", "mini-1.yaml holds no reply for iteration 1, step talk"),
        (1, "fix", "x", "no scripted reply is written for this instance"),
    ],
)
def test_what_was_not_written_is_a_refusal(model, iteration, step, instance, words):
    """A question without a reply, and any of an instance without a script, is refused by name at no price."""
    reply = model.for_task(replace(TASK, instance_id=instance)).try_once(question(iteration, step))
    assert (reply.text, reply.finish_reason, reply.usage) == ("", NO_REPLY, Usage(0, 0))
    assert words in reply.refusal


def test_an_edited_script_is_another_model(model, tmp_path):
    """The identity changes with the script's content and with the instance, and is the same for the same script."""
    before = model.for_task(TASK).identity()
    assert model.for_task(TASK).identity() == before
    assert model.for_task(replace(TASK, instance_id="x")).identity() not in (before, {})
    (tmp_path / "mini-1.yaml").write_text(yaml.safe_dump(SCRIPT | {"replies": [LOOK]}), encoding="utf-8")
    assert model.for_task(TASK).identity() != before


def test_it_answers_only_for_a_task(model):
    """Without a task there is no script to look into."""
    with pytest.raises(BugladderError, match="for_task"):
        model.try_once(question())


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (SCRIPT | {"replies": [LOOK | {"tokens_cahced": 1}]}, "replies.0.tokens_cahced"),
        (SCRIPT | {"replies": [LOOK | {"iteration": "1"}]}, "replies.0.iteration"),
        ({k: v for k, v in SCRIPT.items() if k != "replies"}, "replies: Field required"),
        (SCRIPT | {"replies": [LOOK | {"answer": ["a"]}]}, "replies.0.answer"),
        (SCRIPT | {"replies": [LOOK, LOOK]}, "replies.1: answers the same question"),
        (SCRIPT | {"replies": [LOOK | {"tokens_cached": 101}]}, "replies.0: tokens should be"),
        (SCRIPT | {"replies": [LOOK | {"tokens_out": 5000}]}, "0 <= tokens_out <= 4096"),
        (SCRIPT | {"instance_id": "other"}, "instance_id is 'other'; it should be the file's name"),
        ("a: [", "should be YAML"),
        ("a: 2026-01-01", "should be YAML"),
    ],
)
def test_a_wrong_script_is_named(model, tmp_path, script, words):
    """A script that is not as it should be is an error of one line with the file and the key."""
    path = tmp_path / "mini-1.yaml"
    path.write_text(script if isinstance(script, str) else yaml.safe_dump(script), encoding="utf-8")
    with pytest.raises(BugladderError) as caught:
        model.for_task(TASK)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
    """A folder that is not there is no folder without scripts."""
    with pytest.raises(BugladderError, match="nowhere should be a folder"):
        ScriptedModel("scripted", str(tmp_path / "nowhere")).for_task(TASK)


def test_the_scripts_of_the_project_can_be_read():
    """Every script in data/scripted reads, builds, fits under the bound and says what it acts out."""
    node = yaml.safe_load((PROJECT / "conf" / "model" / "scripted.yaml").read_text(encoding="utf-8"))
    model: ChatModel = config.build({**node, "folder": str(PROJECT / "data" / "scripted")}, where="model")
    paths = sorted((PROJECT / "data" / "scripted").glob("*.yaml"))
    assert len(paths) == 4
    for path in paths:
        chosen = model.for_task(replace(TASK, instance_id=path.stem))
        script = read_script(path, path.read_bytes())
        assert script.acts_out
        assert len(script.replies) == len(chosen.replies) > 0
        assert path.read_text(encoding="utf-8").startswith("# Scripted replies, not a model")
