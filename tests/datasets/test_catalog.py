import dataclasses
import json

import pytest

from bugladder.datasets.catalog import merged, read_catalog, read_suite, write_entries, write_suite
from bugladder.datasets.entries import InjectedEntry, Release, ReleaseEntry, Suite, check_entry
from bugladder.records import BugladderError
from bugladder.selection import SemanticChange

RELEASE = Release("1.0", "lib-1.0.tar.gz", "ab" * 32, "2024-01-01T00:00:00+00:00")
FACTS = {
    "package": "lib",
    "suite": "lib-1.0",
    "fail_to_pass": ("tests/test_a.py::test_one",),
    "fail_to_pass_units": 1,
    "left_out": (),
    "change": SemanticChange(2, 1, 1),
    "patch_lines": 2,
    "cpu_seconds": 0.5,
}
FIXED = ReleaseEntry(id="lib-1.0-1.1", before=RELEASE, after=RELEASE, **FACTS)
PLANTED = InjectedEntry(
    id="lib-1.0-inj-x", release=RELEASE, operator="op", path="lib.py", function="f", index=0, edited_sha256="0", **FACTS
)
SUITE = Suite(
    name="lib-1.0",
    package="lib",
    requirements=("pytest==8.4.2",),
    paths=("tests",),
    pythonpath=(".",),
    env=(("A", "b"),),
    options=(),
    cpu_seconds=0.5,
    test_ids=("tests/test_a.py::T::test_two[x::y]", "tests/test_a.py::test_one", "tests/test_b.py::test_é"),
)


def test_what_is_written_is_read_again(tmp_path):
    """Entries and suites survive the way through their files."""
    write_entries(tmp_path / "release.json", [FIXED])
    write_entries(tmp_path / "injected.json", [PLANTED])
    write_suite(tmp_path, SUITE)
    assert read_catalog(tmp_path).by_id() == {FIXED.id: FIXED, PLANTED.id: PLANTED}
    assert read_suite(tmp_path, "lib-1.0") == SUITE


def test_an_entry_is_one_line(tmp_path):
    """A changed entry shows as one changed line in a diff, whatever the order it was mined in."""
    other = dataclasses.replace(FIXED, id="a")
    write_entries(tmp_path / "release.json", [FIXED, other])
    lines = (tmp_path / "release.json").read_text().splitlines()
    assert [json.loads(line.rstrip(","))["id"] for line in lines[1:-1]] == ["a", FIXED.id]


def test_new_entries_lie_over_old_ones_by_id():
    """Mining an entry again replaces it and leaves the others."""
    again = dataclasses.replace(FIXED, patch_lines=9)
    other = dataclasses.replace(FIXED, id="z")
    assert merged([other, FIXED], [again]) == [again, other]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda e: e.pop("package"), "key 'package': Field required"),
        (lambda e: e.update(pakage="x"), "key 'pakage': Unexpected keyword"),
        (lambda e: e.update(patch_lines="2"), "key 'patch_lines': Input should be a valid integer"),
        (lambda e: e["before"].pop("sha256"), "key 'before.sha256': Field required"),
        (lambda e: e["change"].update(lines=1.5), "key 'change.lines'"),
    ],
)
def test_a_broken_entry_is_named_with_file_id_and_key(tmp_path, edit, words):
    """A missing, extra or ill-typed key is one line with the file, the id and the key."""
    path = tmp_path / "release.json"
    write_entries(path, [FIXED])
    raw = json.loads(path.read_text())
    edit(raw[0])
    path.write_text(json.dumps(raw))
    with pytest.raises(BugladderError, match=words) as caught:
        read_catalog(tmp_path)
    assert str(path) in str(caught.value)
    assert FIXED.id in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_duplicate_id_is_an_error_across_both_files(tmp_path):
    """One id may stand once in the whole catalog."""
    write_entries(tmp_path / "release.json", [FIXED])
    write_entries(tmp_path / "injected.json", [dataclasses.replace(PLANTED, id=FIXED.id)])
    with pytest.raises(BugladderError, match=f"id '{FIXED.id}' stands 2 times"):
        read_catalog(tmp_path)


@pytest.mark.parametrize("text", ["{", '{"a": 1}'])
def test_a_file_that_is_no_list_is_an_error(tmp_path, text):
    """Broken JSON and JSON of another shape are named by file."""
    (tmp_path / "release.json").write_text(text)
    with pytest.raises(BugladderError, match=r"release\.json"):
        read_catalog(tmp_path)


def test_a_suite_that_is_not_there_is_an_error(tmp_path):
    """A suite's file is named where it is missing."""
    with pytest.raises(BugladderError, match=r"suites/lib-1\.0\.json: no such file"):
        read_suite(tmp_path, "lib-1.0")


@pytest.mark.parametrize(
    ("change", "suite_change", "words"),
    [
        ({"fail_to_pass": ("tests/x.py::t",)}, {}, "fail_to_pass names 'tests/x.py::t', which suite lib-1.0"),
        ({"left_out": ("tests/x.py::t",)}, {}, "left_out names 'tests/x.py::t'"),
        ({"fail_to_pass": ()}, {}, "fail_to_pass is empty"),
        ({}, {"requirements": ("Lib==1.0",)}, "requires Lib==1.0, the package under test"),
    ],
)
def test_an_entry_must_agree_with_its_suite(change, suite_change, words):
    """Ids outside of the suite, no FAIL_TO_PASS id, or the package in its own environment are refused with the id."""
    check_entry(FIXED, SUITE)
    with pytest.raises(BugladderError, match=words) as caught:
        check_entry(dataclasses.replace(FIXED, **change), dataclasses.replace(SUITE, **suite_change))
    assert str(caught.value).startswith(FIXED.id)
