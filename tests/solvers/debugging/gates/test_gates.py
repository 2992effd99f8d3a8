from __future__ import annotations

import pytest
from proposals import proposal

from bugladder.records import BugladderError
from bugladder.solvers.debugging.gates import GATE_IDS, GateLimits, check

BAD = proposal({"tests/test_a.py": "x = 1\n"}, {"tests/test_a.py": "def f(: pass\n"})


def test_only_enabled_gates_look():
    """The ids given decide which gates look, and findings come in the gates' order."""
    assert [f.gate for f in check(BAD, GateLimits())] == ["G5", "G6"]
    assert [f.gate for f in check(BAD, GateLimits(), ("G6", "G5"))] == ["G5", "G6"]
    assert [f.gate for f in check(BAD, GateLimits(), ("G6",))] == ["G6"]
    assert check(BAD, GateLimits(), ()) == ()


def test_an_unknown_gate_is_an_error_that_names_it():
    """A wrong id in enable_gates is refused with the ids there are, G0 among them."""
    with pytest.raises(BugladderError, match=r"'G9'.*G0, G1, G2, G3, G4, G5, G6, G7"):
        check(BAD, GateLimits(), ("G1", "G9"))
    assert check(BAD, GateLimits(), ("G0",)) == ()
    assert GATE_IDS[0] == "G0"


def test_equal_files_are_no_change():
    """A file that stays as it is is looked at by no gate."""
    same = {"tests/test_a.py": "def f(: pass\n"}
    assert check(proposal(same, same), GateLimits()) == ()
