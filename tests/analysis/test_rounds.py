"""What the tables of rounds promise."""

import json

import pytest
from made_up_phase import attempt, candidate, instance_id

from bugladder.analysis.rounds import gate_table, iteration_block, iteration_table, stop_table
from bugladder.records import BugladderError


def test_findings_of_gates_are_counted_by_gate_round_and_instance():
    """G1 found three things in two rounds of one instance, G3 one thing on each of two; zeros are no findings."""
    rows = [
        attempt(0, 1, gates=json.dumps({"G1": 2, "G3": 1})),
        attempt(0, 2, gates=json.dumps({"G1": 1, "G2": 0})),
        attempt(1, 1, gates=json.dumps({"G3": 1})),
    ]
    assert gate_table(rows) == [
        {"gate": "G1", "count": 3, "rounds": 2, "instances": 1},
        {"gate": "G3", "count": 2, "rounds": 2, "instances": 2},
    ]


def test_an_unreadable_column_names_its_instance():
    """A broken table is one line with the instance."""
    with pytest.raises(BugladderError, match=rf"{instance_id(3)}: attempts\.gates is not JSON"):
        gate_table([attempt(3, gates="{")])


def test_an_instance_stops_for_its_last_rounds_reason():
    """The last iteration decides, in whatever order the rows stand; iteration 0 holds a solver's own total."""
    rows = [
        attempt(0, 2, stop_reason="all public evidence passes"),
        attempt(0, 1, stop_reason=""),
        attempt(1, 0, stop_reason="no candidate"),
        attempt(1, 1, stop_reason="rejected"),
        attempt(2, 1, stop_reason="no candidate"),
    ]
    assert stop_table(rows) == [
        {"stop_reason": "no candidate", "count": 2, "instances": f"{instance_id(1)} {instance_id(2)}"},
        {"stop_reason": "all public evidence passes", "count": 1, "instances": instance_id(0)},
    ]


def test_rounds_are_those_of_candidates_that_count_them():
    """1, 2, 8 and 8 rounds of 8: mean 4.75, median 5, two used all; a solver without rounds is left out."""
    rows = [candidate(i, True, iterations=n, max_iterations=8) for i, n in enumerate((1, 2, 8, 8))]
    rows.append(candidate(9, True))
    assert iteration_block(rows) == {"mean": 4.75, "median": 5.0, "min": 1.0, "max": 8.0, "n": 4, "at_limit": 2}
    assert iteration_table(rows) == [
        {"iterations": 1, "instances": 1}, {"iterations": 2, "instances": 1}, {"iterations": 8, "instances": 2},
    ]  # fmt: skip


def test_no_rounds_are_null_and_not_zero():
    """Without a candidate that counts rounds there is no mean."""
    assert iteration_block([candidate(0, True)])["mean"] is None
