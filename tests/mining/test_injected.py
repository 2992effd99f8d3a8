import random

import pytest
from tiny_releases import PINS, seed, write_index

from bugladder.datasets.catalog import read_catalog
from bugladder.datasets.entries import InjectedEntry, Release, Suite
from bugladder.datasets.injection import Site, sites
from bugladder.datasets.pypi import PypiDataset
from bugladder.mining.drawing import Draw, draws
from bugladder.mining.injected import Planter, mine_injected
from bugladder.mining.planted import PER_OPERATOR, PER_PACKAGE, keep_planted, within_caps
from bugladder.mining.pristine import quick_paths, run_pristine
from bugladder.mining.recipes import Recipe
from bugladder.mining.release import Limits, Miner
from bugladder.mining.runs import Refused
from bugladder.mining.trial import PlantLimits
from bugladder.records import BugladderError, CommandResult, Outcome, TestReport, TestResult
from bugladder.selection import SemanticChange
from bugladder.workspace import apply_patch

CODE = b'''"""Words and numbers."""


def shout(word, mark="!", count=1):
    """Upper case with marks."""
    if not word:
        return ""
    return word.upper() + mark * count


def total(numbers):
    """Sum of the positive ones."""
    result = 0
    for number in numbers:
        if number > 0:
            result += number
    return result


def first_of_all_things_that_there_are(numbers):
    return numbers[0]


def countdown(n):
    found = []
    while n > 0:
        found.append(n)
        n -= 1
    return found


def unused(a):
    return a + 1


class Sized:
    size = 4


class Bag(Sized):
    pass


SIZE = Bag.size
'''
TESTS = b"""import time

import pytest
from demo import countdown, first_of_all_things_that_there_are, shout, total


def test_shout():
    assert shout("a") == "A!"


def test_shout_often():
    assert shout("a", count=2) == "A!!"


def test_shout_nothing():
    assert shout("") == ""


def test_total():
    assert total([1, 2]) == 3


def test_total_signed():
    assert total([1, -2]) == 1


def test_total_empty():
    assert total([]) == 0


def test_countdown():
    assert countdown(2) == [2, 1]


def test_countdown_long():
    assert countdown(3) == [3, 2, 1]


def test_first():
    assert first_of_all_things_that_there_are([1, 2]) == 1


@pytest.mark.parametrize("x", range(12))
def test_plain(x):
    assert x == x


@pytest.mark.parametrize("moment", [time.time_ns()])
def test_clock(moment):
    assert moment
"""
RELEASE = {
    "PKG-INFO": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
    "demo.py": CODE,
    "tests/test_demo.py": TESTS,
    "docs/use.txt": b"It ends in `return word.upper() + mark * count`, as you see.\n",
}
SHOUT, COUNTDOWN = "shout", "countdown"


@pytest.fixture
def miner(tiny_world):
    """A miner on a real sandbox, whose pins are given."""
    return Miner(
        tiny_world.open_workspace, tiny_world.cache / "sdists", Limits(), resolve=lambda _package, _wanted: PINS
    )


@pytest.fixture
def planter(miner, cache):
    """A planter on the tiny release; an endless run is given up after three seconds."""
    filename, digest = seed(cache, "1.0", RELEASE)
    pristine = run_pristine("demo", Release("1.0", filename, digest, "2024-01-01"), Recipe(), miner)
    return Planter(pristine, miner, PlantLimits(least_timeout_s=3.0, timeout_factor=1.0))


def _draw(operator: str, function: str, nth: int = 0) -> Draw:
    chosen = [s for s in sites(CODE, operator) if s.function == function]
    return Draw("demo.py", operator, chosen[nth])


@pytest.mark.slow
def test_planted_entries_hold_when_the_dataset_builds_them(miner, cache, tmp_path, monkeypatch):
    """Through the catalog and the dataset: each entry's tests fail on its overlay and pass on the reference."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", write_index(tmp_path / "index", {"1.0": RELEASE}))
    planted = mine_injected("demo==1.0", Recipe(), miner, n=2, seed=1)
    assert len(planted.entries) == 2
    folder = tmp_path / "catalog"
    assert keep_planted(folder, planted.suite, planted.entries) == list(planted.entries)
    dataset = PypiDataset(catalog_folder=str(folder), cache=str(cache))
    for instance, entry in zip(dataset.load([e.id for e in planted.entries]), planted.entries, strict=True):
        assert entry.id.startswith(f"demo-1.0-inj-{entry.operator}-")
        assert entry.fail_to_pass_units >= 2
        overlay = instance.environment.overlay
        for files, is_fixed in (({}, False), (apply_patch(overlay, instance.reference_patch), True)):
            with miner.open_workspace(instance.environment, {**overlay, **files}) as workspace:
                outcomes = workspace.test().outcomes()
            assert {i for i in planted.suite.test_ids if outcomes[i] is not Outcome.PASSED} == (
                set() if is_fixed else set(entry.fail_to_pass)
            )


def test_the_suite_is_what_passes_twice(planter):
    """Tests whose ids come from the clock stay out of the suite, all others are in."""
    ids = planter.pristine.suite.test_ids
    assert len(ids) == 21
    assert not any("test_clock" in i for i in ids)


def test_an_edit_that_breaks_two_units_is_an_entry_with_its_facts(planter):
    """An accepted edit names its place, its failing tests and the hash of the edited file."""
    entry = planter._entry(_draw("string_cut", SHOUT))
    assert entry.fail_to_pass == ("tests/test_demo.py::test_shout", "tests/test_demo.py::test_shout_often")
    assert (entry.path, entry.function, entry.operator, entry.fail_to_pass_units) == ("demo.py", SHOUT, "string_cut", 2)
    assert entry.change == SemanticChange(2, 1, 1)
    assert entry.patch_lines == 2


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (_draw("number_shift", "unused"), "0 units fail"),
        (_draw("guard_removal", SHOUT), "1 units fail"),
        (_draw("assignment_removal", COUNTDOWN, -1), "does not end in time"),
        (_draw("base_removal", "Bag"), "cannot be collected"),
        (_draw("arithmetic_swap", SHOUT), "stands elsewhere"),
        (Draw("demo.py", "return_none", Site("nowhere", 0)), "yields no edit at nowhere#0"),
    ],
    ids=["untested", "one unit", "endless", "import", "leak", "no site"],
)
def test_edits_that_make_no_entry_say_why(planter, draw, reason):
    """Untested code, too few failures, an endless run, a failing import and a leak are refused by name."""
    with pytest.raises(Refused, match=reason):
        planter._entry(draw)


def test_an_edit_that_breaks_over_a_third_is_refused(miner, cache):
    """Where an edit breaks more than the share of the suite that is allowed, it is refused as that."""
    filename, digest = seed(cache, "1.0", RELEASE)
    pristine = run_pristine("demo", Release("1.0", filename, digest, "2024-01-01"), Recipe(), miner)
    strict = Planter(pristine, miner, PlantLimits(failing_share=0.05))
    with pytest.raises(Refused, match="more than 5% of the suite fails"):
        strict._entry(_draw("string_cut", SHOUT))


def test_caps_are_per_operator_and_function(planter):
    """After an entry, its function is not edited by the same operator again, nor beyond the caps."""
    found = list(planter.plant(1, random.Random(3)))
    entries = [f for f in found if isinstance(f, InjectedEntry)]
    assert entries
    assert len({(e.function, e.operator) for e in entries}) == len(entries)
    first = entries[0]
    assert planter._is_full(Draw(first.path, first.operator, Site(first.function, 99)))


def test_draws_are_seeded_and_spread():
    """One seed gives one order; a round takes each operator once; a function's second edit comes after all firsts."""
    sources = {"a.py": CODE, "b.py": CODE, "broken.py": b"def f(:"}
    order = list(draws(sources, random.Random(1)))
    assert order == list(draws(sources, random.Random(1)))
    assert order != list(draws(sources, random.Random(2)))
    assert len(set(order)) == len(order)
    operators = [d.operator for d in order]
    count = len(set(operators))
    assert len(set(operators[:count])) == count
    shifts = [(d.path, d.site.function) for d in order if d.operator == "number_shift"]
    assert len(set(shifts[: len(set(shifts))])) == len(set(shifts)) < len(shifts)


def test_a_slow_suite_is_cut_to_its_quick_files():
    """Files with the quickest tests stay, as long as start and tests fit the bound together."""
    seconds = {"t/a.py::x": 0.1, "t/a.py::y": 0.1, "t/b.py::x": 1.5, "t/c.py::x": 0.4, "t/d.py::x": 5.0}
    results = tuple(TestResult(i, Outcome.PASSED, "", i, s) for i, s in seconds.items())
    command = CommandResult(0, b"", b"", 9.0, 7.6)
    report = TestReport(results, (), is_readable=True, is_complete=True, command=command)
    assert quick_paths(report, 2.0) == ("t/a.py", "t/c.py")
    assert quick_paths(report, 3.0) == ("t/a.py", "t/b.py", "t/c.py")


def _entry(name: str, operator: str, function: str, package: str = "lib") -> InjectedEntry:
    release = Release("1", "f", "s", "u")
    suite = f"{package}-1"
    facts = (name, package, suite, ("t::a",), 2, (), SemanticChange(1, 1, 1), 1, 1.0)
    return InjectedEntry(*facts, release, operator, "lib.py", function, 0, name)


def test_a_package_holds_at_most_twenty_and_fifteen_of_one_operator():
    """Nothing is kept beyond twenty of a package, fifteen of an operator in it, or one of function and operator."""
    same = [_entry(f"s{i:02}", "one", f"f{i}") for i in range(20)]
    assert within_caps(same) == same[:PER_OPERATOR]
    many = [_entry(f"m{i:02}", f"o{i}", "f") for i in range(25)]
    assert within_caps(many) == many[:PER_PACKAGE]
    assert within_caps([many[0], _entry("again", "o0", "f")]) == [many[0]]
    assert len(within_caps([*many, *(_entry(f"x{i}", f"o{i}", "f", "other") for i in range(3))])) == PER_PACKAGE + 3


def test_planting_again_replaces_a_release_and_leaves_others(tmp_path):
    """A release's entries are replaced as a whole; another package's stay."""

    def keep(name, package):
        suite = Suite(f"{package}-1", package, (), ("t",), (".",), (), (), 1.0, ("t::a",))
        return [e.id for e in keep_planted(tmp_path, suite, [_entry(name, "one", "f", package)])]

    assert keep("other", "another") == ["other"]
    assert keep("old", "demo") == ["old"]
    assert keep("new", "demo") == ["new"]
    assert [e.id for e in read_catalog(tmp_path).injected] == ["new", "other"]
    assert sorted(p.stem for p in (tmp_path / "suites").iterdir()) == ["another-1", "demo-1"]


@pytest.mark.parametrize("words", ["demo", "demo==", "==1.0"])
def test_a_release_is_named_with_its_version(miner, words):
    """Anything but name==version is an error that shows the form."""
    with pytest.raises(BugladderError, match=r"should name one release, like 'parse==1\.20\.2'"):
        mine_injected(words, Recipe(), miner, n=1)


def test_a_version_that_the_index_lacks_is_refused(miner, tmp_path, monkeypatch):
    """A version without an sdist is one line with package and version."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", write_index(tmp_path, {"1.0": RELEASE}))
    with pytest.raises(Refused, match=r"demo==2\.0: the index has no final release"):
        mine_injected("demo==2.0", Recipe(), miner, n=1)
