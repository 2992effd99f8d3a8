import dataclasses
import hashlib
import shutil

import pytest
from tiny_releases import AFTER, BEFORE, FAIL_TO_PASS, FIXED, PASS_TO_PASS, PINS, pack, seed

from bugladder.datasets.catalog import write_entries, write_suite
from bugladder.datasets.entries import InjectedEntry, Release, ReleaseEntry, Suite
from bugladder.datasets.injection import OPERATORS, plant, sites
from bugladder.datasets.pypi import PypiDataset
from bugladder.records import BugladderError, Difficulty, SdistSource
from bugladder.selection import SemanticChange
from bugladder.workspace import apply_patch

PLANTED = "demo-1.0-inj"


def planted_edit():
    """Some operator's first edit of demo.py."""
    operator = next(o.name for o in OPERATORS if sites(BEFORE["demo.py"], o.name))
    site = sites(BEFORE["demo.py"], operator)[0]
    return operator, site, plant(BEFORE["demo.py"], operator, site)


@pytest.fixture
def facts(cache):
    """One entry of each origin, whose sdists are in the cache."""
    before = Release("1.0", *seed(cache, "1.0", BEFORE), "2024-01-01T00:00:00+00:00")
    after = Release("1.1", *seed(cache, "1.1", AFTER), "2024-02-01T00:00:00+00:00")
    shared = {
        "package": "demo",
        "suite": "demo-1.0",
        "fail_to_pass": FAIL_TO_PASS,
        "fail_to_pass_units": 2,
        "left_out": PASS_TO_PASS[:1],
        "change": SemanticChange(2, 1, 1),
        "patch_lines": 2,
        "cpu_seconds": 0.5,
    }
    operator, site, edited = planted_edit()
    digest = hashlib.sha256(edited).hexdigest()
    place = {"path": "demo.py", "function": site.function, "index": site.index, "edited_sha256": digest}
    return (
        ReleaseEntry(id="demo-1.0-1.1", before=before, after=after, **shared),
        InjectedEntry(id=PLANTED, release=before, operator=operator, **place, **shared),
    )


@pytest.fixture
def make_dataset(tmp_path, cache):
    """A dataset on a catalog of the given entries."""

    def make(*entries, **fields):
        folder = tmp_path / "catalog"
        write_entries(folder / "release.json", [e for e in entries if isinstance(e, ReleaseEntry)])
        write_entries(folder / "injected.json", [e for e in entries if isinstance(e, InjectedEntry)])
        ids = (*FAIL_TO_PASS, *PASS_TO_PASS)
        write_suite(folder, Suite("demo-1.0", "demo", PINS, ("tests",), (".",), (("A", "b"),), ("-x",), 0.5, ids))
        return PypiDataset(catalog_folder=str(folder), cache=str(cache), **fields)

    return make


def test_the_catalog_needs_no_sdist(make_dataset, facts, cache):
    """Selection sees every entry's facts with an empty cache."""
    shutil.rmtree(cache / "sdists")
    rows = make_dataset(*facts).catalog()
    assert [(r.instance_id, r.origin, r.repo, r.fail_to_pass_units, r.patch_lines) for r in rows] == [
        ("demo-1.0-1.1", "release", "demo", 2, 2),
        (PLANTED, "injected", "demo", 2, 2),
    ]
    assert {r.difficulty for r in rows} == {Difficulty.EASY}
    assert [r.created_at[:7] for r in rows] == ["2024-02", "2024-01"]


def test_a_release_is_its_earlier_sdist_and_the_fix_as_a_patch(make_dataset, facts):
    """The base stays as it was; patches lead to the later source and tests; the changelog speaks."""
    (instance,) = make_dataset(*facts).load(["demo-1.0-1.1"])
    assert instance.environment.source == SdistSource("demo", "1.0", facts[0].before.filename, facts[0].before.sha256)
    assert instance.environment.overlay == {}
    assert instance.problem_statement == "- Fix ``half`` of odd numbers."
    assert not instance.issue_from_tests
    fixed = apply_patch(BEFORE, instance.reference_patch)
    assert fixed == {"demo.py": FIXED.replace(b"1.1", b"1.0")}
    assert apply_patch(BEFORE, instance.test_patch) == {"tests/test_demo.py": AFTER["tests/test_demo.py"]}
    assert instance.version == "1.0"


def test_the_lists_of_tests_are_the_suite_less_what_differs(make_dataset, facts):
    """PASS_TO_PASS is the suite without FAIL_TO_PASS and what was left out."""
    (instance,) = make_dataset(*facts).load(["demo-1.0-1.1"])
    assert set(instance.fail_to_pass) == set(FAIL_TO_PASS)
    assert set(instance.pass_to_pass) == set(PASS_TO_PASS[1:])
    runner = instance.environment.runner
    assert (runner.name, runner.paths, runner.env, runner.options) == ("pytest", ("tests",), (("A", "b"),), ("-x",))
    assert instance.environment.requirements == PINS


def test_a_planted_bug_stands_in_the_overlay_as_a_whole_file(make_dataset, facts):
    """The edited file is the overlay, the reference patch its reverse, and no issue is written yet."""
    (instance,) = make_dataset(*facts).load([PLANTED])
    operator, _, edited = planted_edit()
    assert instance.environment.overlay == {"demo.py": edited}
    assert apply_patch({"demo.py": edited}, instance.reference_patch) == {"demo.py": BEFORE["demo.py"]}
    assert (instance.test_patch, instance.problem_statement, instance.issue_from_tests) == ("", "", True)
    assert instance.operator == operator


def test_instances_come_in_the_order_asked_for(make_dataset, facts):
    """Load keeps the caller's order."""
    ids = [PLANTED, "demo-1.0-1.1"]
    assert [i.instance_id for i in make_dataset(*facts).load(ids)] == ids


def test_an_origin_may_be_left_out(make_dataset, facts):
    """`origins` says which entries take part."""
    dataset = make_dataset(*facts, origins=("injected",))
    assert [r.instance_id for r in dataset.catalog()] == [PLANTED]
    with pytest.raises(BugladderError, match=r"no entry 'demo-1\.0-1\.1'"):
        dataset.load(["demo-1.0-1.1"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"edited_sha256": "0" * 64}, "now gives demo.py with sha256 [0-9a-f]{64}, the catalog says 0{64}"),
        ({"index": 999}, "yields no edit at"),
        ({"operator": "nothing"}, "operator 'nothing' is unknown"),
        ({"path": "gone.py"}, "has no file 'gone.py'"),
    ],
)
def test_an_operator_that_no_longer_gives_the_file_is_an_error_with_the_id(make_dataset, facts, change, words):
    """A planted entry must still give the recorded bytes; otherwise one line names the id."""
    with pytest.raises(BugladderError, match=words) as caught:
        make_dataset(dataclasses.replace(facts[1], **change)).load([PLANTED])
    assert str(caught.value).startswith(f"{PLANTED}: ")


def test_a_release_without_an_entry_in_its_changelog_is_an_error(make_dataset, facts, cache):
    """Such a pair is refused when mined; one that slipped in is named."""
    silent = Release("1.1", *seed(cache, "1.1", {**AFTER, "CHANGES.rst": BEFORE["CHANGES.rst"]}), "2024")
    with pytest.raises(BugladderError, match=r"demo-1\.0-1\.1: no changelog entry for 1\.1"):
        make_dataset(dataclasses.replace(facts[0], after=silent)).load(["demo-1.0-1.1"])


def test_an_edited_catalog_is_read_anew(make_dataset, facts):
    """One dataset object sees a catalog that a miner has just written."""
    dataset = make_dataset(facts[0])
    assert len(dataset.catalog()) == 1
    make_dataset(*facts)
    assert len(dataset.catalog()) == 2


def test_the_same_release_twice_gives_the_same_instance(make_dataset, facts):
    """What is computed from the sdists does not depend on the run."""
    assert pack("1.0", BEFORE) == pack("1.0", BEFORE)
    assert make_dataset(*facts).load([PLANTED]) == make_dataset(*facts).load([PLANTED])
