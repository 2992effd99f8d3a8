import csv
import io
from dataclasses import fields, replace

import pytest
from made_up_phase import attempt, call, control_row, instance, made_up_settings, made_up_tables

from bugladder.analysis.csv_files import csv_text
from bugladder.analysis.headers import header
from bugladder.analysis.phase_analysis import analyze
from bugladder.analysis.settings import Criteria, PhaseTables
from bugladder.records import BugladderError

SHARE = {"by": "origin", "value": "release", "selected": 1, "selected_share": 1.0, "whole": 2, "whole_share": 1.0}


def everything():
    """An analysis that leaves no table empty: an invalid instance, a test that left, a call, a round with a finding."""
    fate = {"valid": False, "verdict": "invalid_instance", "reason": "made up"}
    row = control_row(9, "no_op", **fate, left='{"tests/t.py::t": "flaky"}', enforcement='{"network": "closed"}')
    tables = made_up_tables()
    more = {
        "controls": [*tables.controls, row],
        "selection_shares": [SHARE],
        "calls": [call()],
        "attempts": [attempt(0, gates='{"G1": 1}', stop_reason="done")],
        "candidates": [c | {"iterations": 1, "max_iterations": 3} for c in tables.candidates],
    }
    return analyze(replace(tables, **more), made_up_settings())


def next_to_nothing():
    """An analysis of one selected instance of which nothing else is known, in a phase without criteria."""
    empty = {f.name: () for f in fields(PhaseTables)}
    settings = made_up_settings()
    bare = replace(settings, phase=replace(settings.phase, criteria=Criteria((), ())))
    return analyze(PhaseTables(**{**empty, "instances": [instance(0)], "selection_shares": [SHARE]}), bare)


def test_a_spreadsheet_runs_no_cell():
    """Text that starts like a formula gets an apostrophe; numbers, also negative ones, and null do not."""
    row = {"a": "=1+1", "b": "@x", "c": "-2", "d": "+3", "e": -0.5, "f": None, "g": True, "h": 'x,"y"\nz'}
    (read,) = csv.DictReader(io.StringIO(csv_text([row], tuple(row))))
    assert list(read.values()) == ["'=1+1", "'@x", "'-2", "'+3", "-0.5", "", "true", 'x,"y"\nz']


def test_no_rows_leave_the_header():
    """A table without rows is a file of its columns."""
    assert csv_text([], ("instance_id", "reason")) == "instance_id,reason\n"


def test_all_tables_can_be_written_as_csv():
    """Every table of an analysis has equal keys in all rows and reads back with as many rows."""
    for name, rows in everything().tables.items():
        columns = header(name, rows)
        assert all(tuple(r) == columns for r in rows), name
        assert len(list(csv.DictReader(io.StringIO(csv_text(rows, columns))))) == len(rows)


def test_an_empty_table_has_the_header_of_a_full_one():
    """Whatever an analysis can leave empty has the columns that its rows would give it."""
    full = everything().tables
    empty = [name for name, rows in next_to_nothing().tables.items() if not rows]
    assert len(empty) >= 6
    for name in empty:
        assert full[name], name
        assert header(name, []) == tuple(full[name][0]), name


def test_an_empty_table_that_nobody_described_is_an_error():
    """A new table that may be empty must say its columns."""
    with pytest.raises(BugladderError, match="table moods: empty"):
        header("moods", [])
