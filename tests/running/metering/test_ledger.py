import subprocess
import sys
import threading
import time

import pytest
from tiny_bug import PROJECT

from bugladder.records.chats import CapReachedError
from bugladder.running.metering.database import Database
from bugladder.running.metering.ledger import Booking, Claim, Ledger, TryOutcome

USD = 10**9


@pytest.fixture
def database(tmp_path):
    """An empty database."""
    found = Database(tmp_path / "responses.db")
    yield found
    found.close()


def claim(usd, instance_id="a"):
    """A try of that worst price."""
    return Claim(instance_id, "request", round(usd * USD), {"step": "fix"})


def answered(usd):
    """A booking of that price."""
    return Booking(TryOutcome.ANSWERED, round(usd * USD), {})


def test_the_worst_price_is_held_until_the_price_is_booked(database):
    """A held price counts against the cap, a booked one by what it was."""
    ledger = Ledger(database, "s", 1.0, None)
    number = ledger.hold(claim(0.9))
    assert (ledger.spent_usd, ledger.held_usd) == (0, 0.9)
    assert ledger.book(number, answered(0.1)) == 0.1
    assert (ledger.spent_usd, ledger.held_usd) == (0.1, 0)
    with pytest.raises(CapReachedError, match=r"spent \$0\.1000 of \$1\.00.*\$0\.9100.*phase\.budget_usd"):
        ledger.hold(claim(0.91))
    ledger.hold(claim(0.9))


def test_a_try_is_booked_once(database):
    """A second booking of one try changes nothing."""
    ledger = Ledger(database, "s", 1.0, None)
    number = ledger.hold(claim(0.5))
    ledger.book(number, answered(0.2))
    assert ledger.book(number, answered(0.3)) == 0.2
    assert (ledger.spent_usd, ledger.held_usd) == (0.2, 0)


def test_no_more_than_was_held_is_booked(database):
    """A try that says it took more than its hold is booked at the hold, so that no cap is ever passed."""
    ledger = Ledger(database, "s", 1.0, None)
    assert ledger.book(ledger.hold(claim(0.9)), answered(5.0)) == 0.9
    assert [t.nano_usd for t in ledger.charged()] == [round(0.9 * USD)]


def test_who_finds_no_room_waits_for_what_is_held(database):
    """Where only an open try stands in the way, the next one waits for its booking instead of being refused."""
    ledger = Ledger(database, "s", 1.0, None)
    first = ledger.hold(claim(0.8))
    got = []
    waiting = threading.Thread(target=lambda: got.append(ledger.hold(claim(0.8, "b"))))
    waiting.start()
    time.sleep(0.2)
    assert got == []
    ledger.book(first, answered(0.1))
    waiting.join(5)
    assert len(got) == 1


def test_scopes_and_instances_have_caps_of_their_own(database):
    """What one scope or instance spends leaves the others' caps as they were."""
    one, other = Ledger(database, "one", 1.0, 0.5), Ledger(database, "other", 1.0, 0.5)
    one.book(one.hold(claim(0.5, "a")), answered(0.5))
    with pytest.raises(CapReachedError) as raised:
        one.hold(claim(0.1, "a"))
    assert not raised.value.is_phase
    one.book(one.hold(claim(0.5, "b")), answered(0.5))
    with pytest.raises(CapReachedError) as raised:
        one.hold(claim(0.1, "c"))
    assert raised.value.is_phase
    other.hold(claim(0.5, "a"))


def test_sums_do_not_drift(database):
    """Three hundred tries of a tenth of a cent are thirty cents, to the last digit, and fit under a cap of these."""
    ledger = Ledger(database, "s", 0.3, None)
    for _ in range(300):
        ledger.book(ledger.hold(claim(0.001)), answered(0.001))
    assert ledger.spent_usd == 0.3


_HOLDER = """
import sys, time
from pathlib import Path
from bugladder.running.metering.database import Database
from bugladder.running.metering.ledger import Claim, Ledger
ledger = Ledger(Database(Path(sys.argv[1])), "s", 1.0, None)
ledger.hold(Claim("a", "request", 6 * 10**8, {"step": "fix"}))
print("held", flush=True)
time.sleep(60)
"""


def _holder(path):
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_what_a_killed_process_held_is_spent(tmp_path, database):
    """A living process's hold is left alone; once it is killed, its try counts as charged at its worst price."""
    holder = _holder(database.path)
    try:
        ledger = Ledger(database, "s", 1.0, None)
        assert (ledger.spent_usd, ledger.held_usd) == (0, 0.6)
    finally:
        holder.kill()
        holder.communicate()
    again = Ledger(database, "s", 1.0, None)
    assert (again.spent_usd, again.held_usd) == (0.6, 0)
    (lost,) = again.charged("a")
    assert (lost.outcome, lost.nano_usd) == (TryOutcome.LOST, 6 * 10**8)
    again.close()
    ledger.close()
    assert list((tmp_path / "responses.db.owners").iterdir()) == []


def test_who_waits_for_a_killed_process_learns_of_its_end(database):
    """A wait for money that another process holds ends when that process is killed: its try counts as charged."""
    holder = _holder(database.path)
    ledger = Ledger(database, "s", 1.0, None)
    found = []

    def wait():
        try:
            found.append(ledger.hold(claim(0.9, "b")))
        except CapReachedError as error:
            found.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    assert found == []
    holder.kill()
    holder.communicate()
    waiting.join(10)
    assert isinstance(found[0], CapReachedError)
