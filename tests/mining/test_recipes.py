import json

import pytest

from bugladder.mining.recipes import Recipe, read_recipes, source_roots, suite_paths
from bugladder.mining.requirements import own_requirements, resolve_pins
from bugladder.records import BugladderError


def test_recipes_are_read_by_package(tmp_path):
    """A recipe names only what the sdist does not say."""
    path = tmp_path / "packages.json"
    assert read_recipes(path) == {}
    path.write_text(json.dumps({"a": {"requirements": ["x"], "whole_suite": True}, "b": {}}))
    assert read_recipes(path) == {"a": Recipe(requirements=("x",), whole_suite=True), "b": Recipe()}


@pytest.mark.parametrize(("value", "words"), [({"pahts": []}, "key 'pahts'"), ({"paths": "tests"}, "key 'paths'")])
def test_a_broken_recipe_is_named_by_its_key(tmp_path, value, words):
    """An unknown or ill-typed key is one line with the file and the key."""
    path = tmp_path / "packages.json"
    path.write_text(json.dumps({"a": value}))
    with pytest.raises(BugladderError, match=words) as caught:
        read_recipes(path)
    assert str(path) in str(caught.value)


def test_the_source_root_is_src_where_there_is_one():
    """The recipe decides first, then a src folder with code, then the root."""
    assert source_roots({"src/a/b.py": b""}, Recipe()) == ("src",)
    assert source_roots({"src/a/b.c": b"", "a.py": b""}, Recipe()) == (".",)
    assert source_roots({"src/a/b.py": b""}, Recipe(pythonpath=(".", "lib"))) == (".", "lib")


def test_the_whole_suite_is_the_outermost_test_folders():
    """Test modules give their outermost test folder; those outside of one stand for themselves."""
    tree = dict.fromkeys(
        ["tests/a/tests/test_x.py", "lib/tests/test_y.py", "test_z.py", "tests/util.py", "doc/tests.md"], b""
    )
    assert suite_paths(tree, Recipe()) == ("lib/tests", "test_z.py", "tests")
    assert suite_paths(tree, Recipe(paths=("tests/a",))) == ("tests/a",)


def test_requirements_are_those_of_the_metadata_that_hold_here():
    """Extras and other platforms or interpreters are left out."""
    lines = [
        "Requires-Dist: attrs>=20",
        'Requires-Dist: tomli; python_version < "3.11"',
        'Requires-Dist: pytest; extra == "test"',
        'Requires-Dist: typing-extensions>=4; python_version < "3.13"',
    ]
    tree = {"PKG-INFO": "\n".join(["Metadata-Version: 2.1", *lines, "", "words"]).encode()}
    assert own_requirements(tree) == ["attrs>=20", "typing-extensions>=4"]
    assert own_requirements({}) == []


def test_requirements_of_older_sdists_stand_in_their_egg_info():
    """Where PKG-INFO names none, the part of requires.txt before its first section is read."""
    tree = {
        "PKG-INFO": b"Metadata-Version: 1.2\n\n",
        "src/a.egg-info/requires.txt": b"markupsafe\n\n[email]\nvalidator\n",
    }
    assert own_requirements(tree) == ["markupsafe"]


@pytest.mark.network
def test_pins_are_full_and_without_the_package():
    """Every pin has a version, and the package under test is left out though pytest needs it."""
    pins = resolve_pins("pluggy", ["markupsafe"])
    assert "pytest==8.4.2" in pins
    assert any(p.startswith("markupsafe==") for p in pins)
    assert all("==" in p for p in pins)
    assert not any(p.startswith("pluggy") for p in pins)


@pytest.mark.network
def test_requirements_that_cannot_be_met_name_the_package():
    """A contradiction is one line."""
    with pytest.raises(BugladderError, match="demo: its test requirements cannot be resolved") as caught:
        resolve_pins("demo", ["pytest==7.0.0"])
    assert "\n" not in str(caught.value)
