import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bugladder.records import BugladderError
from bugladder.sources.row_files import file_stamp, read_rows

ROWS = ({"id": "a", "text": "x\u2028y\r\n"}, {"id": "b", "text": None})
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def test_every_format_gives_the_same_rows(tmp_path):
    """Parquet, a list in JSON and JSON lines give equal rows, and the hash is that of the file's bytes."""
    pq.write_table(pa.Table.from_pylist(list(ROWS)), tmp_path / "rows.parquet")
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    (tmp_path / "rows.jsonl").write_text(LINES)
    for path in tmp_path.iterdir():
        found = read_rows(path)
        assert found.rows == ROWS, path
        assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_lines_with_a_mark_blank_lines_and_no_last_newline(tmp_path):
    """What editors leave in a file of JSON lines changes no row."""
    path = tmp_path / "rows.jsonl"
    path.write_text("\ufeff" + LINES.replace("\n", "\r\n\r\n").rstrip(), encoding="utf-8", newline="")
    assert read_rows(path).rows == ROWS


def test_rows_by_a_key(tmp_path):
    """Where a key is allowed, JSON may map it to rows; a row's own value stays, so that a contradiction can be seen."""
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"a": {"text": "x"}, "b": {"id": "c"}, "d": 1}))
    assert read_rows(path, key="id").rows == ({"id": "a", "text": "x"}, {"id": "c"}, 1)
    with pytest.raises(BugladderError, match="should hold a list of rows"):
        read_rows(path)


def test_a_file_that_is_not_there_is_an_error_with_its_path(tmp_path):
    """Reading and stamping name the path and what would be right."""
    for look in (read_rows, file_stamp):
        with pytest.raises(BugladderError, match=r"rows\.json: cannot be read .No such file.*; name a parquet, json"):
            look(tmp_path / "rows.json")
