from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from swe_bench_rows import real_file

from bugladder.datasets.swe_bench.files import read_file
from bugladder.datasets.swe_bench.recipes import find_recipe
from bugladder.records import BugladderError
from bugladder.records.setup_steps import EditableInstall, ReplaceText, StartUpPatches, WheelFiles
from bugladder.sources.official import PARSERS

FOLDER = Path(__file__).resolve().parents[3] / "data" / "swe_bench" / "recipes"
REPOS = sorted(p.stem.replace("__", "/") for p in FOLDER.glob("*.yaml"))
GOOD = {
    "repo": "owner/name",
    "parser": "parse_log_pytest",
    "runner": "pytest",
    "source_lines": {"release": "1.0", "lines": 100},
    "seen": {"python": ["3.11"]},
    "environments": [
        {"versions": ">=1.0,<2.0", "python": "3.11", "requires": ["a"], "pins": ["a==1"],
         "setup": [{"kind": "editable", "env": {"V": "{version}.0"}}]},
        {"versions": "<1.0", "obstacle": "too old"},
    ],
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Write a recipe of owner/name; gives its folder."""

    def write_one(**values):
        (tmp_path / "owner__name.yaml").write_text(yaml.safe_dump({**GOOD, **values}), encoding="utf-8")
        return tmp_path

    return write_one


def test_a_version_finds_its_range(write):
    """One range or none holds a version, and the version stands in the set-up where the recipe says so."""
    recipe = find_recipe(write(), "owner/name")
    assert recipe.for_version("1.5").steps("1.5") == (EditableInstall((("V", "1.5.0"),)),)
    assert recipe.for_version("0.9").obstacle == "too old"
    assert recipe.for_version("2.0") is None


def test_versions_are_compared_as_versions(write):
    """1.10 comes after 1.9, a leading v is no matter, and 2022.03 is a version."""
    folder = write(environments=[{"versions": ">=1.9", "pins": ["a==1"]}])
    recipe = find_recipe(folder, "owner/name")
    assert all(recipe.for_version(v) for v in ("1.9", "1.10", "v5.3", "2022.03"))
    assert recipe.for_version("1.2") is None


def test_a_repository_without_a_file_has_no_recipe(tmp_path):
    """What is not there is None, no error: its instances say so themselves."""
    assert find_recipe(tmp_path, "owner/name") is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"shell": "make"}, "key 'shell'"),
        ({"runner": 3}, "key 'runner'"),
        ({"environments": [{"versions": ">=1"}]}, "versions '>=1': either pins or an obstacle is right"),
        ({"environments": [{"versions": "new", "pins": ["a==1"]}]}, "Invalid specifier: 'new'"),
        ({"environments": [{"versions": ">=1", "pins": ["a==1"], "setup": [{"kind": "shell"}]}]},
         "versions '>=1': set-up step 'shell' is unknown"),
    ],
)  # fmt: skip
def test_a_recipe_that_is_none_is_an_error_with_its_file(write, values, words):
    """An unknown key, a wrong type, or a range that says nothing is named with the file."""
    with pytest.raises(BugladderError, match=words) as caught:
        find_recipe(write(**values), "owner/name")
    assert "owner__name.yaml" in str(caught.value)


def test_ranges_that_overlap_are_an_error(write):
    """A version in two ranges is refused: which one would count is nobody's guess."""
    both = [{"versions": v, "pins": ["a==1"]} for v in (">=1", ">=2")]
    recipe = find_recipe(write(environments=both), "owner/name")
    with pytest.raises(BugladderError, match=r"version 2\.5 is in >=1 and >=2; one range is right"):
        recipe.for_version("2.5")
    with pytest.raises(BugladderError, match="recipe of owner/name: version 'new'"):
        recipe.for_version("new")


@pytest.mark.parametrize("repo", REPOS)
def test_each_recipe_is_of_its_repository_and_its_pins_are_what_it_asks_for(repo):
    """Every shipped recipe reads; its pins are exact, name nothing twice, and satisfy what was asked for."""
    recipe = find_recipe(FOLDER, repo)
    assert recipe.repo == repo
    assert recipe.parser in PARSERS.values()
    for environment in recipe.environments:
        pins = {canonicalize_name(p.split("==")[0]): p.split("==")[1] for p in environment.pins}
        assert len(pins) == len(environment.pins)
        for wanted in map(Requirement, environment.requires):
            assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)]), (environment.versions, wanted)
        # a release of the repository itself among its own tools would hold the fix
        assert canonicalize_name(repo.split("/")[1]) not in pins


def test_every_kind_of_step_is_used_by_a_recipe():
    """No kind of set-up step stands idle."""
    steps = [s for r in REPOS for e in find_recipe(FOLDER, r).environments for s in e.steps("1.0")]
    assert {type(s) for s in steps} == {EditableInstall, ReplaceText, StartUpPatches, WheelFiles}
    wheels = [s for s in steps if isinstance(s, WheelFiles)]
    assert all(
        w.filename.startswith(f"{w.name.replace('-', '_')}-{w.version}-") and len(w.sha256) == 64 for w in wheels
    )


@pytest.mark.parametrize("split", ["test", "dev"])
def test_every_real_version_is_in_one_range(split):
    """Each version of the real splits has its recipe, or an obstacle by name."""
    for row in read_file(real_file(split)).rows:
        assert find_recipe(FOLDER, row.repo).for_version(row.version) is not None, (row.repo, row.version)
