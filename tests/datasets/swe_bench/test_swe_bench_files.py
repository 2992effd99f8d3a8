import hashlib
import os
from statistics import median

import pytest
from swe_bench_rows import classic, newer, real_file, write_rows

from bugladder.datasets.swe_bench.files import read_file
from bugladder.records import BugladderError

ROWS = [newer(), newer(instance_id="sympy__sympy-2", problem_statement="a\u2028b\r\n")]


@pytest.mark.parametrize("ending", ["parquet", "json", "jsonl"])
def test_every_format_gives_the_same_rows(tmp_path, ending):
    """Parquet, JSON and JSON lines of the same rows have the same content; the bytes' hash is the file's own."""
    path = write_rows(tmp_path / f"lite.{ending}", ROWS)
    found, other = read_file(path), read_file(write_rows(tmp_path / "other.json", ROWS))
    assert found.rows == other.rows
    assert found.content_sha256 == other.content_sha256
    assert found.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.rows[1].problem_statement == "a\u2028b\r\n"


def test_an_edited_file_is_read_anew(tmp_path):
    """A file that changed while the process lives is not served from memory."""
    path = write_rows(tmp_path / "lite.jsonl", ROWS)
    assert len(read_file(path).rows) == 2
    write_rows(path, ROWS[:1])
    os.utime(path, (1, 1))
    assert len(read_file(path).rows) == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("lite.csv", b"a,b\n", "ending '.csv' is unknown; known: .parquet, .json, .jsonl"),
        ("lite.parquet", b"PAR1", "not readable as parquet"),
        ("lite.json", b"{", "not readable as json"),
        ("lite.json", b'{"a": 1}', "not readable as json .it should hold a list of rows"),
        ("lite.jsonl", b'{"a": 1\n', "not readable as jsonl"),
        ("lite.jsonl", b"\xff\n", "not readable as jsonl"),
        ("lite.jsonl", b"", "no rows"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_the_file(tmp_path, name, content, words):
    """Another ending, cut files and other things than rows are one line that names the file."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BugladderError, match=words) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_an_error_with_its_path(tmp_path):
    """The path is named, and what would be right."""
    with pytest.raises(BugladderError, match=r"lite\.json: cannot be read .No such file.*; name a parquet, json"):
        read_file(tmp_path / "lite.json")


def test_a_column_missing_in_parquet_is_an_error_with_the_id(tmp_path):
    """A column that the whole table lacks is told with the first instance."""
    rows = [{k: v for k, v in classic().items() if k != "test_patch"}]
    with pytest.raises(BugladderError, match="sympy__sympy-1: column 'test_patch' is missing"):
        read_file(write_rows(tmp_path / "lite.parquet", rows))


def test_the_real_lite_reads_whole():
    """All rows of the real splits pass every check, and their lists of tests have the lengths that are known."""
    rows = read_file(real_file("test")).rows
    failing = [len(r.fail_to_pass) for r in rows]
    passing = [len(r.pass_to_pass) for r in rows]
    assert [failing.count(1), failing.count(2), sum(n > 2 for n in failing), max(failing)] == [192, 74, 34, 355]
    assert (passing.count(0), median(passing), max(passing)) == (6, 44, 1689)
    assert len(read_file(real_file("dev")).rows) == 23
