from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from swe_bench_rows import classic, newer, real_file, write_rows

from bugladder import config
from bugladder.datasets.swe_bench import SweBenchDataset
from bugladder.records import BugladderError, Difficulty, ImageSource, MirrorSource
from bugladder.records.setup_steps import StartUpPatches
from bugladder.selection.phases import PhaseSize, SelectionSettings, select_phase

ROOT = Path(__file__).resolve().parents[3]
RECIPES = str(ROOT / "data" / "swe_bench" / "recipes")
PLAN = [PhaseSize(name, size) for name, size in (("baseline", 4), ("p1", 10), ("p2", 50), ("p3", 100), ("p4", 300))]


@pytest.fixture
def make_dataset(tmp_path):
    """A dataset on a file of the given rows."""

    def make(*rows, **fields):
        file = write_rows(tmp_path / "lite.jsonl", rows or [classic()])
        return SweBenchDataset(file=str(file), **{"recipes": RECIPES, **fields})

    return make


@pytest.fixture
def lite():
    """The shipped choice on the real Lite test split."""
    node = yaml.safe_load((ROOT / "conf" / "dataset" / "swe_bench.yaml").read_text(encoding="utf-8"))
    node |= {"file": str(real_file("test")), "sandbox": "local", "recipes": RECIPES}
    return config.build(node, where="dataset")


def test_the_catalog_is_light(make_dataset):
    """Selection sees repository, difficulty, units, lines and age; parametrisations are one unit."""
    rows = make_dataset(classic(FAIL_TO_PASS='["t.py::a[1]", "t.py::a[2]", "t.py::b"]')).catalog()
    assert [(r.repo, r.origin, r.difficulty, r.fail_to_pass_units, r.patch_lines, r.created_at) for r in rows] == [
        ("sympy/sympy", "lite", Difficulty.EASY, 2, 3, "2023-01-02T03:04:05Z")
    ]


def test_an_instance_is_its_row(make_dataset):
    """Patches and listed ids are verbatim, the hints nowhere."""
    row = classic()
    (instance,) = make_dataset(row).load(["sympy__sympy-1"])
    assert (instance.reference_patch, instance.test_patch) == (row["patch"], row["test_patch"])
    assert instance.fail_to_pass == ("test_add", "test_sub[a b]")
    assert (instance.dataset, instance.origin, instance.version) == ("swe_bench", "lite", "1.6")
    assert "the secret of the hints" not in repr(instance)


def test_a_local_sandbox_opens_a_commit_with_its_recipe(make_dataset):
    """The environment names mirror and commit, the recipe's pins, steps, runner and parser of that version."""
    old, new = make_dataset(
        classic(version="1.5"), classic(instance_id="sympy__sympy-2"), mirrors="mirrors"
    ).load(["sympy__sympy-1", "sympy__sympy-2"])  # fmt: skip
    assert new.environment.source == MirrorSource("sympy/sympy", "a" * 40, "mirrors")
    assert new.environment.requirements == ("mpmath==1.3.0",)
    assert (new.environment.runner.name, new.environment.runner.parser) == ("sympy", "parse_log_sympy")
    assert (new.environment.setup, old.environment.setup) == ((), (StartUpPatches(("old_names",)),))
    assert new.environment.obstacle == ""


@pytest.mark.parametrize(
    ("values", "obstacle"),
    [
        ({"repo": "owner/name"}, "owner/name 1.6: no recipe in "),
        ({"repo": "pydata/xarray"}, "pydata/xarray 1.6: no recipe in "),
        ({"repo": "scikit-learn/scikit-learn", "version": "0.20"}, "scikit-learn/scikit-learn 0.20: no near wheel"),
    ],
)
def test_an_instance_without_a_working_recipe_says_why(make_dataset, values, obstacle):
    """It can be loaded and selected, and carries the reason; no guess is made."""
    (instance,) = make_dataset(classic(**values)).load(["sympy__sympy-1"])
    assert instance.environment.obstacle.startswith(obstacle)
    assert instance.environment.requirements == ()


def test_docker_opens_the_image_that_the_row_names(make_dataset):
    """The newer schema brings image, parser and variables; a template in conf goes before it."""
    dataset = make_dataset(newer(), sandbox="docker")
    (instance,) = dataset.load(["sympy__sympy-1"])
    assert instance.environment.source == ImageSource("registry.example/one:latest", "sympy/sympy", "a" * 40)
    assert instance.environment.runner.env == (("LANG", "en_US.UTF-8"), ("LC_ALL", "C.UTF-8"))
    assert (instance.environment.runner.name, instance.environment.python) == ("pytest", "")
    for template, image in (("local/{id}:1", "local/sympy_1776_sympy-1:1"), ("x/{instance_id}", "x/sympy__sympy-1")):
        (instance,) = replace(dataset, image=template).load(["sympy__sympy-1"])
        assert instance.environment.source.image == image


def test_docker_gives_a_suite_the_options_that_it_cannot_start_without(make_dataset):
    """A repository's own options hold in its image, too: our runner blanks addopts, where pytest's suite has them."""
    named = {"repo": "pytest-dev/pytest", "version": "6.3", "log_parser": "parse_log_pytest"}
    (instance,) = make_dataset(newer(**named), sandbox="docker").load(["sympy__sympy-1"])
    assert instance.environment.runner.options == ("-p", "pytester")


@pytest.mark.slow
def test_docker_takes_the_official_word_for_classic_rows(make_dataset):
    """Image name, interpreter, options, variables and parser come from the official naming rule and specs."""
    pytest.importorskip("swebench", reason="the extra [swebench] is not installed")
    rows = [classic(), classic(instance_id="Django__django-2", repo="django/django", version="3.1")]
    sympy, django = make_dataset(*rows, sandbox="docker").load(["sympy__sympy-1", "Django__django-2"])
    assert sympy.environment.source.image == "swebench/sweb.eval.x86_64.sympy_1776_sympy-1:latest"
    assert sympy.environment.runner.options == ("-C", "--verbose")
    assert dict(sympy.environment.runner.env) == {"PYTHONWARNINGS": "ignore::UserWarning,ignore::SyntaxWarning"}
    assert django.environment.source.image == "swebench/sweb.eval.x86_64.django_1776_django-2:latest"
    assert (django.environment.python, django.environment.runner.parser) == ("3.6", "parse_log_django")
    assert dict(django.environment.runner.env)["LC_ALL"] == "en_US.UTF-8"


@pytest.mark.parametrize("sandbox", ["local", "docker"])
def test_no_environment_shows_a_listed_test_or_a_file_of_the_test_patch(make_dataset, sandbox):
    """What a solver may see of a task includes its environment: nothing of the answer stands in it."""
    (instance,) = make_dataset(newer(repo="pallets/flask", version="2.3"), sandbox=sandbox).load(["sympy__sympy-1"])
    text = instance.environment.to_json()
    assert all(secret not in text for secret in ("test_secret", "test_add", "add(1, 1)", "git apply"))


def test_an_unknown_id_is_an_error(make_dataset):
    """The file and the id are named."""
    with pytest.raises(BugladderError, match=r"lite\.jsonl: no instance 'sympy__sympy-9'; it has 1 others"):
        make_dataset().load(["sympy__sympy-9"])


def test_the_identity_is_the_files(make_dataset):
    """A local file is told by name, rows and hashes, without the folder that it happens to stand in."""
    identity = make_dataset().identity()
    assert (identity["place"], identity["revision"], identity["rows"]) == ("lite.jsonl", None, 1)
    assert len(identity["file_sha256"]) == len(identity["content_sha256"]) == 64


def test_a_folder_leaves_the_rows_to_the_hub(tmp_path):
    """params.yaml may name a folder where there is no local file."""
    dataset = SweBenchDataset(file=str(tmp_path), cache=str(tmp_path), hub=replace(SweBenchDataset().hub, revision="x"))
    with pytest.raises(BugladderError, match=r"dataset\.hub\.revision: 'x' should be a full commit hash"):
        dataset.catalog()


def test_the_real_lite_is_what_the_choice_expects(lite):
    """The shipped counts by repository are those of the real split, and its four stand first in every phase."""
    rows = lite.catalog()
    assert Counter(r.repo for r in rows) == lite.expected
    settings = SelectionSettings(seed=1, baseline_ids=lite.baseline_ids)
    chosen = [select_phase(rows, PLAN[:n], settings) for n in range(1, 6)]
    assert [len(ids) for ids in chosen] == [4, 10, 50, 100, 300]
    assert all(later[: len(ids)] == ids for ids, later in pairwise(chosen))
    assert tuple(chosen[0]) == lite.baseline_ids
    assert len(set(chosen[-1])) == 300


def test_the_real_lite_has_every_difficulty_and_shows_no_answer(lite):
    """All four levels occur; no instance's environment has a listed test or a test file's path in it."""
    rows = lite.catalog()
    assert min(Counter(r.difficulty for r in rows).values()) >= 20
    assert len({r.difficulty for r in rows}) == 4
    for instance in lite.load([r.instance_id for r in rows]):
        text = instance.environment.to_json()
        files = [line.split(" b/")[1] for line in instance.test_patch.split("\n") if line.startswith("diff --git ")]
        assert files
        assert not [s for s in (*files, *instance.fail_to_pass) if s in text]


def test_one_origin_takes_the_whole_of_each_phase():
    """Halving by origin leaves a dataset of one origin its full phases, also where nobody names a baseline."""
    rows = SweBenchDataset(file=str(real_file("dev")), origin="dev").catalog()
    chosen = select_phase(rows, [PhaseSize("baseline", 4), PhaseSize("p1", 10)], SelectionSettings(seed=1))
    assert len(set(chosen)) == 10
