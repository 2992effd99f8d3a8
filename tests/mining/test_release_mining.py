import dataclasses

import pytest
from tiny_releases import AFTER, BEFORE, FAIL_TO_PASS, FIRST, PASS_TO_PASS, PINS, SECOND, seed, write_index

from bugladder.mining.recipes import Recipe
from bugladder.mining.release import Limits, Miner, Pair, check_runs, mine, mine_pair, pairs_since
from bugladder.mining.runs import Refused, Runs
from bugladder.records import BugladderError
from bugladder.running.opening import workspace_opener
from bugladder.sources import ReleasedSdist


@pytest.fixture
def miner(tiny_world):
    """A miner on a real sandbox, whose pins are given, with limits that fit the tiny library."""
    limits = Limits(pass_to_pass=10)
    return Miner(tiny_world.open_workspace, tiny_world.cache / "sdists", limits, resolve=lambda _package, _wanted: PINS)


@pytest.fixture
def make_pair(cache):
    """Two releases in the cache as a pair."""

    def make(before=BEFORE, after=AFTER):
        first, second = seed(cache, "1.0", before), seed(cache, "1.1", after)
        return Pair("demo", ReleasedSdist("1.0", *first, "2024-01-01"), ReleasedSdist("1.1", *second, "2024-02-01"))

    return make


def test_a_pair_gives_an_entry_and_its_suite(miner, make_pair):
    """Three real runs find what fails before and passes after; clocks in ids and failing tests stay out."""
    entry, suite = mine_pair(make_pair(), Recipe(), miner)
    assert entry.id == suite.name == entry.suite == "demo-1.0-1.1"
    assert entry.fail_to_pass == FAIL_TO_PASS
    assert entry.fail_to_pass_units == 2
    assert set(suite.test_ids) == {*FAIL_TO_PASS, *PASS_TO_PASS}
    assert suite.requirements == PINS
    assert suite.paths == ("tests/test_demo.py",)
    assert (entry.change.lines, entry.change.hunks, entry.change.files, entry.patch_lines) == (2, 1, 1, 2)
    assert 0 < entry.cpu_seconds < 20


def without(path, content=None):
    """The later release with one file as before, or with other content."""
    return {**AFTER, path: BEFORE[path] if content is None else content}


@pytest.mark.parametrize(
    ("after", "limits", "words"),
    [
        (without("demo.py"), {}, "no source file differs"),
        (without("tests/test_demo.py"), {}, "no test file differs"),
        (without("CHANGES.rst"), {}, "no changelog holds an entry"),
        (
            without("CHANGES.rst", SECOND.replace(b"Fix", b"Add a new kind of") + FIRST),
            {},
            "additions rather than of a fix",
        ),
        (without("demo.py", BEFORE["demo.py"] + b"# more\n"), {}, "only docstrings, comments or annotations"),
        (AFTER, {"changed_lines": 1}, "2 source lines differ, over 1"),
        (AFTER, {"files": 0}, "1 source files differ, over 0"),
        (AFTER, {"cpu_s": 0.01}, "s of CPU, over 0.01"),
        (without("tests/test_demo.py", b"raise OSError('broken')\n"), {}, "gave no result: .*broken"),
    ],
)
def test_a_pair_without_a_usable_bug_is_refused_with_the_reason(miner, make_pair, after, limits, words):
    """Each thing that keeps a pair out is said, and it does not end the mining of other pairs."""
    strict = dataclasses.replace(miner, limits=dataclasses.replace(miner.limits, **limits))
    (mined,) = mine([make_pair(after=after)], Recipe(), strict)
    assert mined.found is None
    with pytest.raises(Refused, match=words):
        raise Refused(mined.refusal)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((0, 20), "no test fails before and passes after \\(20 pass in both\\)"),
        ((1, 9), "9 tests pass in both, fewer than 10"),
        ((13, 12), "13 of 25 tests fail before: rather a new interface than a bug"),
    ],
)
def test_runs_without_a_usable_share_of_failures_are_refused(counts, words):
    """No failing test, too few passing ones, or most of them failing make no bug to measure by."""
    f2p, p2p = (tuple(f"{kind}{i}" for i in range(n)) for kind, n in zip("fp", counts, strict=True))
    with pytest.raises(Refused, match=words):
        check_runs(Runs(f2p, p2p, (), {}, 1.0), Limits())
    check_runs(Runs(f2p[:1] or ("f",), tuple(f"p{i}" for i in range(10)), (), {}, 1.0), Limits())


@pytest.mark.slow
def test_a_suite_that_hangs_on_the_buggy_code_is_refused(miner, make_pair, tiny_world):
    """A run that does not end in time gives no entry."""
    slow = BEFORE["demo.py"].replace(b"return x // 2", b"while True:\n        pass")
    short = dataclasses.replace(miner, open_workspace=workspace_opener(tiny_world.sandbox, 2.0, label="test"))
    with pytest.raises(Refused, match="the run on the buggy code did not end in time"):
        mine_pair(make_pair(before={**BEFORE, "demo.py": slow}), Recipe(), short)


@pytest.mark.slow
def test_the_whole_suite_runs_where_the_touched_modules_say_too_little(miner, make_pair):
    """A changed data file alone, or too few passing tests in the touched modules, ask for all tests."""
    head = b"import pathlib\nfrom demo import half\n\nDATA = pathlib.Path('tests/data.txt').read_text()\n"
    driven = head + b"\n\ndef test_data():\n    assert half(1) == float(DATA)\n"
    steady = {
        "tests/test_driven.py": driven,
        "tests/test_more.py": b"\n".join(b"def test_%d(): pass" % i for i in range(10)),
    }
    before = {**BEFORE, **steady, "tests/data.txt": b"0"}
    after = {**before, "demo.py": AFTER["demo.py"], "CHANGES.rst": AFTER["CHANGES.rst"], "tests/data.txt": b"0.5"}
    entry, suite = mine_pair(make_pair(before, after), Recipe(), miner)
    assert suite.paths == ("tests",)
    assert entry.fail_to_pass == ("tests/test_driven.py::test_data",)
    touched = {**after, "tests/test_driven.py": driven + b"\n"}
    assert mine_pair(make_pair(before, touched), Recipe(), miner)[1].paths == ("tests",)


def test_pairs_are_consecutive_releases_since_a_version(tmp_path, monkeypatch):
    """The index's order of versions makes the pairs, oldest first."""
    releases = {v: {**BEFORE, "v": v.encode()} for v in ("1.0", "1.10", "1.9", "2.0", "0.9", "2.1rc1")}
    monkeypatch.setenv("UV_DEFAULT_INDEX", write_index(tmp_path / "index", releases))
    pairs = [(p.before.version, p.after.version) for p in pairs_since("demo", "1.0")]
    assert pairs == [("1.0", "1.9"), ("1.9", "1.10"), ("1.10", "2.0")]
    with pytest.raises(BugladderError, match=r"demo: 1 sdists since 2\.0; a pair needs two"):
        pairs_since("demo", "2.0")
