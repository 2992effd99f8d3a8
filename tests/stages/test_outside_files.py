"""Files from outside: named in params.yaml, read by the stages that dvc.yaml says, and an edit of one is seen."""

import json
import re
from pathlib import Path

import pytest
import yaml
from rerunning import dvc, make_dvc_project
from tiny_project import edit_yaml

from bugladder import config
from bugladder.composing import compose_overrides, params_overrides, read_params

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = re.compile(r"\$\{files\.(\w+)\}")
IDS = ["tiny3-1.0-1.1", "tiny0-1.0-1.1", "tiny5-1.0-1.1", "tiny1-1.0-1.1"]


def readers():
    """The stages whose slice holds a group that refers to a file, by the file's name."""
    found = {}
    for path in (ROOT / "conf").rglob("*.yaml"):
        for name in REFERENCE.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).update(s for s, keys in config.SLICES.items() if path.parent.name in keys)
    return found


def test_a_file_is_a_dependency_of_exactly_the_stages_that_read_it():
    """What conf/ refers to, params.yaml names, and dvc.yaml makes it a dependency where the group is read."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    deps = {}
    for stage, node in stages.items():
        for dep in node.get("do", node)["deps"]:
            for name in REFERENCE.findall(dep):
                deps.setdefault(name, set()).add(stage)
    assert deps == readers()
    assert set(read_params(ROOT / "params.yaml")["files"]) == set(deps)


@pytest.mark.parametrize(
    "path", ["my ids.txt", "a'b/c\\d.txt", "ends\\", "x\\'y", "x,y=[z]{1}.txt", "/absolute/ids (2).txt"]
)
def test_a_path_is_taken_as_it_is(path):
    """Whatever a path is made of, it arrives where conf/ refers to it."""
    params = read_params(ROOT / "params.yaml")
    params["files"]["ids"] = path
    assert compose_overrides(params_overrides(params), ROOT / "conf")["selection"]["ids"] == path


def test_a_comparison_may_name_another_file():
    """Beside dvc an override of a file's name is laid over params.yaml's."""
    overrides = [*params_overrides(read_params(ROOT / "params.yaml")), "files.ids=other.txt"]
    assert compose_overrides(overrides, ROOT / "conf")["selection"]["ids"] == "other.txt"


@pytest.mark.slow
def test_an_edit_of_a_file_runs_its_reader_again(tmp_path):
    """An edited list of ids re-runs select and nothing else; a comment in conf/ or a file beside it does not."""
    root, listed = make_dvc_project(tmp_path / "project"), tmp_path / "outside" / "ids.txt"
    listed.parent.mkdir()
    listed.write_text("\n".join(IDS) + "\n")
    choice = ["selection.strategy=file", "selection.ensure_baseline=false"]
    files = read_params(root / "params.yaml")["files"] | {"ids": str(listed)}
    edit_yaml(root / "params.yaml", overrides=choice, files=files)
    assert selecting(root) == (["resolve", "select"], IDS)
    assert selecting(root) == ([], IDS)
    (listed.parent / "other.txt").write_text("tiny0-1.0-1.1\n")
    with (root / "conf" / "selection" / "default.yaml").open("a", encoding="utf-8") as file:
        file.write("# a thought\n")
    assert selecting(root) == (["resolve"], IDS)
    listed.write_text("\n".join(reversed(IDS)) + "\n")
    assert selecting(root) == (["select"], IDS[::-1])


def selecting(root):
    """Run `dvc repro select@p1`: the stages that ran and the ids that were selected."""
    done = dvc(root, "repro", "select@p1")
    assert done.returncode == 0, done.stderr
    ids = json.loads((root / "data" / "p1" / "selection.json").read_text(encoding="utf-8"))["ids"]
    return re.findall(r"^Running stage '(\w+)@p1'", done.stdout, re.MULTILINE), ids
