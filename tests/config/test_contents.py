import json

import pytest
import yaml
from tiny_bug import PROJECT

from bugladder import config
from bugladder.config.contents import OUTSIDE_KEYS, content_digest

LIMITS = {"test_timeout_s": 60.0, "instance_timeout_s": 600.0}


def arm(folder, predictions):
    """The digest of an arm that takes from a folder of scripts and a file of predictions."""
    choices = {kind: yaml.safe_load((PROJECT / "conf" / place).read_text()) for kind, place in (
        ("solver", "solver/predictions.yaml"), ("model", "model/scripted.yaml"),
    )}  # fmt: skip
    choices["solver"]["file"], choices["model"]["folder"] = str(predictions), str(folder)
    return config.arm_digest({**choices, "limits": LIMITS, "seed": 7})


@pytest.fixture
def places(tmp_path):
    """A folder with a script and a file with a prediction."""
    folder, predictions = tmp_path / "scripts", tmp_path / "predictions.jsonl"
    folder.mkdir()
    (folder / "a.yaml").write_text("acts_out: one\n")
    predictions.write_text(json.dumps({"instance_id": "a", "model_patch": ""}))
    return folder, predictions


def test_two_contents_under_one_name_are_two_arms(places):
    """An edited script, one more script and an edited prediction each make another arm."""
    folder, predictions = places
    found = [arm(*places)]
    (folder / "a.yaml").write_text("acts_out: two\n")
    found.append(arm(*places))
    (folder / "b.yaml").write_text("acts_out: two\n")
    found.append(arm(*places))
    predictions.write_text("")
    found.append(arm(*places))
    assert len(set(found)) == 4


def test_one_content_under_two_names_is_one_arm(places, tmp_path):
    """Where the content stands, and what a person wrote beside the scripts, makes no other arm."""
    folder, predictions = places
    before = arm(folder, predictions)
    (folder / "README.md").write_text("words")
    assert arm(folder.rename(tmp_path / "moved"), predictions.rename(tmp_path / "other.jsonl")) == before


def test_what_is_absent_is_no_content(tmp_path):
    """A place where nothing stands differs from an empty one."""
    (tmp_path / "empty").write_text("")
    assert content_digest(tmp_path / "none") == "absent" != content_digest(tmp_path / "empty")


def test_every_place_outside_stands_under_a_known_key():
    """What a choice of solver or model takes from `files` in params.yaml goes by a key whose content is digested."""
    found = {}
    for kind in ("solver", "model"):
        for path in (PROJECT / "conf" / kind).glob("*.yaml"):
            values = yaml.safe_load(path.read_text())
            found |= {key: str(path) for key, value in values.items() if "${files." in json.dumps(value)}
    assert found.keys() == OUTSIDE_KEYS
