import json

import pytest

from bugladder.records import BugladderError
from bugladder.running.gate import Gate, GateClosedError

SAID = {"decision": "proceed", "dataset": "pypi", "phase": "baseline", "arm_digest": "abc"}


def gate_on(path, said, **changes):
    """A gate on a decision file that says so."""
    path.write_text(json.dumps(said))
    settings = {"obeys": path, "dataset": "pypi", "phase": "baseline", "arm_digest": "abc"} | changes
    return Gate(**settings)


def test_proceed_opens(tmp_path):
    """A decision to proceed on this dataset, phase and arm lets new work run."""
    gate_on(tmp_path / "decision.json", SAID).check(["a"])


@pytest.mark.parametrize("decision", ["stop", "review", "optimize", None])
def test_other_decisions_close(tmp_path, decision):
    """Anything but proceed closes the gate, and the line names the file, the decision and how much waits."""
    with pytest.raises(GateClosedError, match=rf"decision\.json.*{decision}.*2 instances.*a") as raised:
        gate_on(tmp_path / "decision.json", SAID | {"decision": decision}).check(["a", "b"])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["dataset", "phase", "arm_digest"])
def test_foreign_decision_closes(tmp_path, name):
    """A decision about another dataset, phase or arm closes the gate and names both."""
    with pytest.raises(GateClosedError, match=f"{name} 'other'"):
        gate_on(tmp_path / "decision.json", SAID | {name: "other"}).check(["a"])
    missing = {k: v for k, v in SAID.items() if k != name}
    with pytest.raises(GateClosedError, match=f"{name} None"):
        gate_on(tmp_path / "decision.json", missing).check(["a"])


def test_control_ignores_the_arm(tmp_path):
    """Control has no arm: a decision of another arm lets it run, one on another dataset does not."""
    gate_on(tmp_path / "decision.json", SAID | {"arm_digest": "other"}, arm_digest=None).check(["a"])
    with pytest.raises(GateClosedError):
        gate_on(tmp_path / "decision.json", SAID | {"dataset": "other"}, arm_digest=None).check(["a"])


def test_first_phase_conf_file_is_exempt(tmp_path):
    """Of the first phase's conf file only the decision is looked at."""
    gate_on(tmp_path / "first.yaml", {"decision": "proceed"}).check(["a"])
    with pytest.raises(GateClosedError):
        gate_on(tmp_path / "first.yaml", {"decision": "stop"}).check(["a"])


def test_override_lets_through_and_says_so(tmp_path, caplog):
    """enforce=false lets work run and leaves a warning with the reason."""
    gate_on(tmp_path / "decision.json", SAID | {"decision": "stop"}, enforce=False).check(["a"])
    assert "overridden" in caplog.text
    assert "'stop'" in caplog.text


def test_nothing_pending_is_always_open(tmp_path):
    """What needs nothing new is never refused, whatever the file says."""
    gate_on(tmp_path / "decision.json", SAID | {"decision": "stop"}).check([])


def test_absent_decision_closes(tmp_path):
    """A decision that was never made closes the gate and names the phase to run."""
    gate = Gate(tmp_path / "decision.json", "pypi", "baseline", "abc")
    with pytest.raises(GateClosedError, match="no decision yet; run phase baseline first"):
        gate.check(["a"])


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_unreadable_decision_is_named(tmp_path, text):
    """A broken decision file is an error that names it, not an open gate."""
    path = tmp_path / "decision.json"
    path.write_text(text)
    with pytest.raises(BugladderError, match=r"decision\.json"):
        Gate(path, "pypi", "baseline", "abc").check(["a"])
