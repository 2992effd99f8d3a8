import copy
import json

import pytest
import yaml
from tiny_bug import PROJECT

from bugladder import config
from bugladder.records import Task
from bugladder.records.rows import task_row
from bugladder.running.run_items import run_item, spending_of

MODEL = {
    "_target_": "bugladder.models.openai_chat.OpenAIChat", "name": "mine", "model": "made-up",
    "base_url": "http://127.0.0.1:1/v1", "api_key_env": "SOME_KEY", "temperature": 0.0,
}  # fmt: skip


class Whole(dict):
    """A node that stands instead of the one before, and not beside its keys."""


@pytest.fixture
def slice_():
    """What run reads, with a model."""
    return {
        "dataset": {"name": "pypi"},
        "solver": yaml.safe_load((PROJECT / "conf" / "solver" / "no_op.yaml").read_text()),
        "model": MODEL,
        "prices": {"as_of": "2026-01-01", "models": {"made-up": {"input": 1.0, "cached_input": 0.5, "output": 2.0}}},
        "limits": {"test_timeout_s": 60.0, "instance_timeout_s": 600.0},
        "seed": 7,
        "phase": {"workers": 4, "budget_usd": 20},
    }


@pytest.fixture
def keys(slice_, tiny_world, make_instance):
    """A function that gives the store key and the scope of a slice with some values changed."""
    instance = make_instance()
    task = Task(
        instance.instance_id, "pypi", "release", "tiny", "words", instance.environment, (), (),
        instance.apparent_difficulty, "blind", {},
    )  # fmt: skip

    def make(label="run@p1", **changes):
        node = copy.deepcopy(slice_)
        for name, values in changes.items():
            is_part = isinstance(values, dict) and not isinstance(values, Whole)
            node[name] = {**node[name], **values} if is_part else values
        model = config.build(node["model"], where="model")
        item = run_item(task_row(task), node, tiny_world.sandbox, model)
        return item.key, spending_of(node, label).scope

    return make


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"api_key_env": "OTHER_KEY"}},
        {"model": {"name": "yours"}},
        {"model": {"timeout_s": 9.0}},
        {"prices": {"instance_cap_usd": 1.0}},
        {"phase": {"budget_usd": 50}},
        {"phase": {"workers": 9}},
    ],
)
def test_what_decides_no_reply_is_no_part_of_the_key(keys, changes):
    """The name of a model or of its key's variable, a price, a cap and the workers leave every stored result valid."""
    assert keys(**changes)[0] == keys()[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"model": "other"}},
        {"model": {"base_url": "http://h/v1"}},
        {"model": {"temperature": 1.0}},
        {"seed": 8},
    ],
)
def test_what_decides_a_reply_is_part_of_the_key(keys, changes):
    """Model, base URL, parameters and seed each ask for a result of their own, and for a budget of their own."""
    assert keys(**changes)[0] != keys()[0]
    assert keys(**changes)[1] != keys()[1]


def test_a_budget_goes_on_when_it_is_raised(keys):
    """A cap and a price are no part of what a budget belongs to; another phase has its own."""
    assert keys(phase={"budget_usd": 50}, prices={"instance_cap_usd": 1.0})[1] == keys()[1]
    assert keys(label="run@p2")[1] != keys()[1]


def test_an_edited_script_asks_for_a_result_and_a_budget_of_its_own(keys, tmp_path):
    """A folder of scripts is known by what is in it: by the task's own script for results, by all for the budget."""
    script = tmp_path / "tiny-1.0-1.1.yaml"
    scripted = {
        "_target_": "bugladder.models.scripted.ScriptedModel", "name": "scripted", "folder": str(tmp_path),
        "model": "made-up",
    }  # fmt: skip
    found = []
    for acts_out in ("one", "two", "two"):
        script.write_text(json.dumps({"instance_id": "tiny-1.0-1.1", "acts_out": acts_out, "replies": []}))
        found.append(keys(model=Whole(scripted)))
    assert found[0][0] != found[1][0] == found[2][0]
    assert found[0][1] != found[1][1] == found[2][1]
