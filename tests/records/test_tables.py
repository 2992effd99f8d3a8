import resource
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bugladder.records import BugladderError, tables
from bugladder.records.columns import Table

TABLE = Table(
    "toys", ("toy", "part"), {"toy": "str", "part": "int", "price": "float?", "is_red": "bool", "tags": "list"}
)
ROWS = [
    {"toy": "car", "part": 1, "price": 1.5, "is_red": True, "tags": ["a", "\u00fc\u2028"]},
    {"toy": "car", "part": 2, "price": None, "is_red": False, "tags": []},
    {"toy": "ball", "part": 1, "price": float("inf"), "is_red": True, "tags": ["x" * 5000]},
]


@pytest.fixture
def path(tmp_path):
    """Where a table may stand, below a folder that is not there yet."""
    return tmp_path / "deep" / "toys.parquet"


def test_text_that_is_no_utf8_survives(path):
    """Lone surrogates, by which patches carry undecodable bytes, and NUL come back as they were, in texts and lists."""
    odd = ["caf\udce9", "\0", "\0dce9", "\ud83d", "\0" + "0000", "plain"]
    written = [{**ROWS[0], "toy": text, "tags": odd} for text in odd]
    tables.write(TABLE, written, path)
    assert tables.read(TABLE, path) == written


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], []], ids=["three", "one", "none"])
def test_what_is_written_is_read(path, rows):
    """Rows come back as they were, in their order, and equal rows give equal bytes."""
    tables.write(TABLE, rows, path)
    assert tables.read(TABLE, path) == rows
    first = path.read_bytes()
    tables.write(TABLE, iter(rows), path)
    assert path.read_bytes() == first


def test_the_order_of_columns_does_not_matter(path):
    """Rows and files may name the columns in any order."""
    tables.write(TABLE, [dict(reversed(row.items())) for row in ROWS], path)
    table = pq.ParquetFile(path).read()
    assert table.column_names == list(TABLE.columns)
    pq.write_table(table.select(list(reversed(table.column_names))), path)
    assert tables.read(TABLE, path) == ROWS


BAD_ROWS = {
    "missing": ({"toy": "car", "part": 3, "price": 1.0, "is_red": True}, "column 'tags' is missing from table toys"),
    "extra": ({**ROWS[0], "part": 3, "mood": 1}, "column 'mood' is not in the schema of table toys"),
    "text for a number": ({**ROWS[0], "part": "three"}, "column 'part' should be int64"),
    "number for a text": ({**ROWS[0], "toy": 3}, "column 'toy' should be string"),
    "fraction for a number": ({**ROWS[0], "part": 3.5}, "column 'part' should be int64"),
    "truth for a number": ({**ROWS[0], "part": True}, "column 'part' should be int64"),
    "a number beyond 64 bits": ({**ROWS[0], "part": 2**70}, "column 'part' should be int64"),
    "text for a truth": ({**ROWS[0], "part": 3, "is_red": "yes"}, "column 'is_red' should be bool"),
    "text for a list": ({**ROWS[0], "part": 3, "tags": "abc"}, "column 'tags' should be list"),
    "number in a list": ({**ROWS[0], "part": 3, "tags": [1]}, "column 'tags' should be list"),
    "null": ({**ROWS[0], "part": 3, "is_red": None}, "column 'is_red' of table toys holds a null"),
    "null in the key": ({**ROWS[0], "toy": None}, "column 'toy' of table toys holds a null"),
    "double key": ({**ROWS[0]}, "duplicate key car/1 in table toys"),
}


@pytest.mark.parametrize(("row", "words"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_wrong_row_is_never_written(path, row, words):
    """A missing, extra or ill-typed column, a null or a double key is named in one line; the old table stays."""
    tables.write(TABLE, ROWS, path)
    before = path.read_bytes()
    with pytest.raises(BugladderError, match="toys") as caught:
        tables.write(TABLE, [*ROWS, row], path)
    assert str(caught.value).startswith(f"{path}: {words}")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


BAD_FILES = {
    "missing": (lambda t: t.drop_columns(["tags"]), "column 'tags' is missing"),
    "extra": (lambda t: t.append_column("mood", t["toy"]), "column 'mood' is not in the schema"),
    "ill-typed": (
        lambda t: t.set_column(1, "part", pa.array(["1", "2", "3"])),
        "column 'part' is string, should be int64",
    ),
    "null": (
        lambda t: t.set_column(3, "is_red", pa.array([True, None, True])),
        "column 'is_red' of table toys holds a null",
    ),
    "double key": (lambda t: pa.concat_tables([t, t.slice(1, 1)]), "duplicate key car/2"),
}


@pytest.mark.parametrize(("spoil", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_wrong_table_is_never_read(path, spoil, words):
    """The same holds for what another program wrote."""
    tables.write(TABLE, ROWS, path)
    pq.write_table(spoil(pq.ParquetFile(path).read()), path)
    with pytest.raises(BugladderError) as caught:
        tables.read(TABLE, path)
    assert str(caught.value).startswith(f"{path}: {words}")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table\n" * 100])
def test_what_is_no_table_is_named(path, content):
    """A file that is not there names the stage's table; one that is no Parquet says what to do."""
    with pytest.raises(BugladderError, match="no such table; run the stage that writes toys"):
        tables.read(TABLE, path)
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(BugladderError, match="not a readable Parquet file; delete it"):
        tables.read(TABLE, path)


def test_a_truncated_table_is_named(path):
    """A table of which the end is missing is not read in part."""
    tables.write(TABLE, ROWS, path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BugladderError, match="not a readable Parquet file"):
        tables.read(TABLE, path)


def test_a_full_disk_keeps_the_old_table(path):
    """Where the system refuses to write more, the old table stands as it was and no part of the new one is left."""
    tables.write(tables.CALLS, [], path)
    before = path.read_bytes()
    code = (
        "import os, sys; from pathlib import Path; from bugladder.records import tables\n"
        "from bugladder.records.columns import Table\n"
        "from bugladder.records import BugladderError\n"
        "table = Table('toys', ('toy',), {'toy': 'str'})\n"
        "try: tables.write(table, [{'toy': os.urandom(40).hex()} for _ in range(999)], Path(sys.argv[1]))\n"
        "except BugladderError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True, text=True, check=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)),
    )  # fmt: skip
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{path}: cannot be written (")
    assert line.endswith("; nothing was changed")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_place_that_takes_nothing_is_named(tmp_path):
    """A folder in the way of a table is one line that names it."""
    (tmp_path / "toys.parquet").mkdir()
    with pytest.raises(BugladderError, match=r"toys\.parquet: cannot be written"):
        tables.write(TABLE, ROWS, tmp_path / "toys.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["toys.parquet"]


@pytest.mark.parametrize("table", tables.ALL.values(), ids=tables.ALL)
def test_every_table_is_well_formed(table, path):
    """Each table's key is made of its own columns, none of which may be null, and an empty one can be written."""
    assert set(table.key) <= set(table.columns)
    assert not [k for k in table.key if table.columns[k].endswith("?")]
    assert "instance_id" in table.columns
    tables.write(table, [], path)
    assert tables.read(table, path) == []
