import random
import sys
import threading
import time
from pathlib import Path

import pytest

from bugladder import config
from bugladder.records import BugladderError, InfrastructureError
from bugladder.records.chats import CapReachedError, ModelRefusedError
from bugladder.records.declining import DeclinedError
from bugladder.running.batch import BatchHooks, run_batch
from bugladder.running.items import BatchSettings, ItemStatus, PausedError, WorkItem
from bugladder.running.store import Store

FAST = BatchSettings(workers=2, retries=2, base_delay_s=0.01)


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return Store(tmp_path / "store")


def items_of(*ids):
    """Work items whose keys follow from their ids."""
    return [WorkItem(i, Store.key("test", {"id": i}), None) for i in ids]


def echo(item):
    """Work that succeeds, with a tuple that JSON turns into a list."""
    return {"id": item.id, "pair": (1, 2)}


class RecordingGate:
    """A gate that remembers what it was asked, and refuses where it is told to."""

    def __init__(self, *, refuse=False):
        self.asked = []
        self.refuse = refuse

    def check(self, pending):
        """Remember, or refuse."""
        self.asked.append(list(pending))
        if self.refuse:
            raise BugladderError("closed")


def test_second_batch_is_reused(store, capsys):
    """What one batch stored the next one reuses, equal in value and counted in the printed line."""
    first = run_batch(items_of("a", "b"), echo, FAST, store, BatchHooks(label="run p1"))
    second = run_batch(items_of("a", "b", "c"), echo, FAST, store, BatchHooks(label="run p1"))
    assert list(second.results) == ["a", "b", "c"]
    assert (first.new, first.reused, second.new, second.reused) == (2, 0, 1, 2)
    assert first.results["a"].value == second.results["a"].value == {"id": "a", "pair": [1, 2]}
    assert capsys.readouterr().out.splitlines() == ["run p1: new=2 reused=0", "run p1: new=1 reused=2"]


def test_gate_is_asked_only_for_new_work(store):
    """The gate sees exactly the ids that the store cannot fill, and nothing where it can fill all."""
    gate = RecordingGate()
    run_batch(items_of("a"), echo, FAST, store, BatchHooks(gate=gate))
    run_batch(items_of("a"), echo, FAST, store, BatchHooks(gate=gate))
    run_batch(items_of("a", "b"), echo, FAST, store, BatchHooks(gate=gate))
    assert gate.asked == [["a"], ["b"]]


def test_closed_gate_starts_nothing(store):
    """A gate that refuses ends the batch before any work."""
    ran = []
    with pytest.raises(BugladderError, match="closed"):
        run_batch(items_of("a"), ran.append, FAST, store, BatchHooks(gate=RecordingGate(refuse=True)))
    assert ran == []


def test_infrastructure_failure_is_retried(store):
    """An infrastructure failure that goes away within the retries leaves a plain result."""
    calls = []

    def shaky(item):
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise InfrastructureError("no sandbox")
        return echo(item)

    settings = BatchSettings(workers=1, retries=2, base_delay_s=0.1)
    result = run_batch(items_of("a"), shaky, settings, store).results["a"]
    assert (result.status, result.tries) == (ItemStatus.DONE, 3)
    first, second = calls[1] - calls[0], calls[2] - calls[1]
    assert first >= 0.1
    assert second >= 0.2


def test_lasting_infrastructure_failure_is_infra_error(store):
    """One that outlives its retries is infra_error with class and reason, and is never stored."""
    calls = []

    def broken(item):
        calls.append(item.id)
        raise InfrastructureError("no sandbox\nat all")

    result = run_batch(items_of("a"), broken, FAST, store).results["a"]
    assert (result.status, result.reason, result.error_class) == (
        ItemStatus.INFRA_ERROR,
        "no sandbox at all",
        "InfrastructureError",
    )
    assert len(calls) == 3
    assert run_batch(items_of("a"), echo, FAST, store).results["a"].status is ItemStatus.DONE


def test_full_disk_of_the_driver_is_infrastructure(store):
    """A driver out of disk space, met for real, is the machine's failure and not the candidate's."""

    def fill(item):
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.write(b"x")
        return echo(item)

    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    assert run_batch(items_of("a"), fill, FAST, store).results["a"].status is ItemStatus.INFRA_ERROR


@pytest.mark.parametrize(
    ("work", "error_class", "is_input_error"),
    [
        (lambda item: {}["absent"], "KeyError", False),
        (lambda item: sys.exit(3), "SystemExit", False),
        (lambda item: Path("/absent/file").read_text(), "FileNotFoundError", False),
        (lambda item: (_ for _ in ()).throw(BugladderError("sdist a.tar.gz: wrong hash")), "BugladderError", True),
    ],
)
def test_unknown_failure_is_the_items_own(store, work, error_class, is_input_error):
    """Anything else is that item's failure, tried once, told with its class, and never stored; the others go on."""

    def mixed(item):
        return work(item) if item.id == "a" else echo(item)

    result = run_batch(items_of("a", "b"), mixed, FAST, store)
    failed = result.results["a"]
    assert (failed.status, failed.tries, failed.error_class) == (ItemStatus.FAILED, 1, error_class)
    assert failed.is_input_error is is_input_error
    assert failed.value is None
    assert "\n" not in failed.reason
    assert "Traceback" in failed.trace
    assert result.results["b"].status is ItemStatus.DONE
    assert "failed=1" in result.summary
    assert store.get(Store.key("test", {"id": "a"})) is None


def test_crashes_pause(store):
    """Two crashes pause: running work finishes and is stored, the rest is not_run, and the batch is incomplete."""
    has_crashed_twice = threading.Event()

    def work(item):
        if item.id == "c":
            has_crashed_twice.set()
        if item.id in {"a", "c"}:
            raise InfrastructureError("gone")
        has_crashed_twice.wait(10)
        time.sleep(0.3)
        return echo(item)

    settings = BatchSettings(workers=2, retries=0, crashes_to_pause=2)
    result = run_batch(items_of("a", "b", "c", "d", "e"), work, settings, store)
    statuses = {i: r.status.value for i, r in result.results.items()}
    assert statuses == {"a": "infra_error", "b": "done", "c": "infra_error", "d": "not_run", "e": "not_run"}
    assert store.get(Store.key("test", {"id": "b"})) is not None
    with pytest.raises(PausedError, match=r"2 infrastructure failures \(a, c\).*2 not run \(first: d\)"):
        result.require_complete()
    resumed = run_batch(items_of("a", "b", "c", "d", "e"), echo, settings, store)
    resumed.require_complete()
    assert (resumed.new, resumed.reused) == (4, 1)


@pytest.mark.parametrize("error", [CapReachedError("a: spent", is_phase=False), DeclinedError("a: spent")])
def test_an_instances_cap_ends_that_instance_alone(store, error):
    """An own cap, or a solver that declines, leaves it not_run, tried once and not stored; the batch is complete."""

    def work(item):
        if item.id == "a":
            raise error
        return echo(item)

    result = run_batch(items_of("a", "b", "c"), work, FAST, store)
    result.require_complete()
    capped = result.results["a"]
    assert (capped.status, capped.reason, capped.tries) == (ItemStatus.NOT_RUN, "a: spent", 1)
    assert (capped.is_capped, capped.is_input_error) == (True, False)
    assert store.get(Store.key("test", {"id": "a"})) is None
    assert [result.results[i].status for i in "bc"] == [ItemStatus.DONE] * 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CapReachedError("the phase has spent it all", is_phase=True), "not_run"),
        (ModelRefusedError("no such model"), "failed"),
    ],
)
def test_what_holds_for_all_pauses(store, error, status):
    """A phase's cap and a model that refuses whoever asks start nothing new; the same command goes on afterwards."""
    ran = []

    def work(item):
        ran.append(item.id)
        if item.id == "b":
            raise error
        return echo(item)

    settings = BatchSettings(workers=1, retries=2)
    result = run_batch(items_of("a", "b", "c", "d"), work, settings, store)
    assert ran == ["a", "b"]
    assert [r.status.value for r in result.results.values()] == ["done", status, "not_run", "not_run"]
    with pytest.raises(PausedError, match=str(error)):
        result.require_complete()
    resumed = run_batch(items_of("a", "b", "c", "d"), echo, settings, store)
    resumed.require_complete()
    assert (resumed.new, resumed.reused) == (3, 1)


def test_one_crash_does_not_pause(store):
    """Below the threshold the batch goes through, with the crash as a result."""

    def work(item):
        if item.id == "a":
            raise InfrastructureError("gone")
        return echo(item)

    result = run_batch(items_of("a", "b", "c"), work, BatchSettings(workers=1, retries=0), store)
    result.require_complete()
    assert [r.status.value for r in result.results.values()] == ["infra_error", "done", "done"]


def test_cut_result_is_used_and_not_stored(store):
    """A result that a safety net of seconds cut short counts now and is computed anew the next time."""
    cut = run_batch(items_of("a"), lambda item: {"was_cut": True}, FAST, store)
    assert cut.results["a"].value == {"was_cut": True}
    again = run_batch(items_of("a"), lambda item: {"was_cut": False}, FAST, store)
    assert (again.new, again.results["a"].value) == (1, {"was_cut": False})


def test_workers_bound_what_is_in_flight(store):
    """As many items as there are workers run at once, and no more."""
    lock, now, most = threading.Lock(), [0], [0]

    def work(item):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        return echo(item)

    run_batch(items_of(*map(str, range(12))), work, BatchSettings(workers=3), store)
    assert most == [3]


def test_results_do_not_depend_on_workers(tmp_path):
    """The number of workers changes neither a value nor the order of the results."""

    def work(item):
        rng = random.Random(f"1/{item.id}")
        time.sleep(rng.random() / 50)
        return {"drawn": rng.random()}

    results = []
    for workers in (1, 5):
        batch = run_batch(
            items_of(*map(str, range(15))), work, BatchSettings(workers=workers), Store(tmp_path / str(workers))
        )
        results.append([(i, r.value) for i, r in batch.results.items()])
    assert results[0] == results[1]


def test_equal_keys_run_once(store):
    """Two items with one key are computed once; the other one takes the result."""
    ran = []

    def work(item):
        ran.append(item.id)
        time.sleep(0.1)
        return {"n": 1}

    key = Store.key("test", {})
    result = run_batch([WorkItem("a", key, None), WorkItem("b", key, None)], work, FAST, store)
    assert len(ran) == 1
    assert result.results["a"].value == result.results["b"].value == {"n": 1}


def test_unwritable_store_ends_the_batch(tmp_path):
    """A store that cannot be written ends the batch with one line, after the work in flight."""
    (tmp_path / "store").write_text("a file where a folder should be")
    with pytest.raises(BugladderError, match="store") as raised:
        run_batch(items_of("a", "b"), echo, FAST, Store(tmp_path / "store"))
    assert "\n" not in str(raised.value)


def test_result_that_is_no_json_raises(store):
    """Work that returns what JSON cannot hold is a defect of the pipeline, not a failure of the item."""
    with pytest.raises(BugladderError, match=r"^a: .*not JSON-ready"):
        run_batch(items_of("a"), lambda item: {"bad": object()}, FAST, store)
    with pytest.raises(BugladderError, match=r"^a: .*should be a dict"):
        run_batch(items_of("a"), lambda item: [1], FAST, store)


def test_duplicate_id_is_refused(store):
    """An id that stands twice is named before anything runs."""
    with pytest.raises(BugladderError, match="'a' stands twice"):
        run_batch(items_of("a", "b", "a"), echo, FAST, store)


def test_settings_refuse_what_never_runs():
    """A count below its least value, and a ceiling below the floor, are refused with their names."""
    with pytest.raises(BugladderError, match=r"^executor\.workers: should be at least 1 \(got 0\)"):
        config.build({"workers": 0}, BatchSettings, "executor")
    with pytest.raises(BugladderError, match=r"model\.ceiling is 1; it should be at least the floor, 2"):
        config.build({"model": {"floor": 2, "ceiling": 1}}, BatchSettings, "executor")
