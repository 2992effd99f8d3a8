import signal


def test_two_drivers_share_work(drivers):
    """Two drivers on one store run each item once, and both end with the same results."""
    first = drivers.start(count=6, workers=2, seconds=0.3)
    second = drivers.start(count=6, workers=2, seconds=0.3)
    one, two = drivers.finish(first), drivers.finish(second)
    assert set(drivers.counts("start").values()) == {1}
    assert drivers.counts("start").total() == 6
    assert one["values"] == two["values"]
    assert one["new"] + two["new"] == 6


def test_second_driver_waits(drivers):
    """A driver that comes while a key is leased waits for it and takes its result."""
    first = drivers.start(count=1, workers=1, seconds=2.0)
    drivers.wait_for("start", 1)
    second = drivers.finish(drivers.start(count=1, workers=1, seconds=2.0))
    assert (second["new"], second["reused"]) == (0, 1)
    assert drivers.counts("start") == {"i0": 1}
    assert drivers.finish(first)["values"] == second["values"]


def test_kill_redoes_only_what_was_in_flight(drivers):
    """After kill -9 the same command redoes at most the items in flight and gives the same results."""
    killed = drivers.start(count=8, workers=2, seconds=0.3)
    drivers.wait_for("end", 4)
    killed.kill()
    killed.wait()
    finished_before = drivers.counts("end").total()
    resumed = drivers.finish(drivers.start(count=8, workers=2, seconds=0.3))
    assert resumed["reused"] >= finished_before - 2
    assert drivers.counts("start").total() <= 8 + 2
    assert not list(drivers.folder.rglob("*.tmp"))
    (drivers.folder / "fresh").mkdir()
    fresh = type(drivers)(drivers.folder / "fresh")
    assert fresh.finish(fresh.start(count=8, workers=1, seconds=0.0))["values"] == resumed["values"]


def test_interrupt_keeps_what_runs(drivers):
    """An interrupt starts nothing new, lets running work finish and be stored, and exits non-zero."""
    for number, sign in enumerate((signal.SIGINT, signal.SIGTERM), start=1):
        process = drivers.start(count=10, workers=2, seconds=0.5)
        drivers.wait_for("start", 2 * number)
        process.send_signal(sign)
        process.communicate(timeout=30)
        assert process.returncode != 0
        assert drivers.counts("start") == drivers.counts("end")
        assert 2 * number <= drivers.counts("end").total() < 10
        assert len(list((drivers.folder / "store").glob("??/*.json"))) == drivers.counts("end").total()
