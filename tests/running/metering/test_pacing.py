import threading
import time

from bugladder.running.metering.pacing import Pace


def test_tries_at_once_stay_below_the_limit():
    """As many tries run at once as the limit says, and all of them get their turn."""
    pace, lock, now, most, done = Pace(1, 3), threading.Lock(), [0], [0], []

    def work(n):
        with pace.turn():
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.02)
            with lock:
                now[0] -= 1
                done.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [3]
    assert sorted(done) == list(range(12))


def test_a_wave_of_refusals_halves_once():
    """Tries that were under way together tell one thing; the next wave halves again, down to the floor."""
    pace = Pace(2, 32)
    started = time.monotonic()
    for _ in range(32):
        pace.slow_down(started)
    assert pace.limit == 16
    for _ in range(10):
        pace.slow_down(time.monotonic())
    assert pace.limit == 2


def test_success_raises_the_limit_by_one_a_round():
    """Each full round of successes lets one more try run, up to the ceiling."""
    pace = Pace(1, 8)
    pace.slow_down(time.monotonic())
    assert pace.limit == 4
    for _ in range(5):
        pace.succeed()
    assert pace.limit == 5
    for _ in range(200):
        pace.succeed()
    assert pace.limit == 8


def test_nobody_starts_before_the_time_that_was_asked_for():
    """A turn that is asked for in a pause starts when it is over; a shorter wish does not shorten a longer one."""
    pace = Pace(1, 4)
    started = time.monotonic()
    pace.hold_off(0.3)
    pace.hold_off(0.1)
    with pace.turn() as at:
        assert at - started >= 0.3
