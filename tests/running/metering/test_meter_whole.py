import json

import pytest
from meter_trials import Load, finish, kill, kill_trial, serving, start, throughput

pytestmark = pytest.mark.slow


def test_a_kill_repeats_only_what_was_in_flight(tmp_path):
    """After each kill -9 at most `workers` calls are asked again, none whose reply was on disk; all ends well."""
    found = kill_trial(tmp_path, Load(instances=40, calls=3, workers=8), kills=4, seed=3)
    assert max(found["repeated"]) <= 8
    assert found["repeated_kept"] == 0
    end = found["end"]
    assert end["done"] == 40
    assert end["held_usd"] == 0
    assert end["paid_usd"] == pytest.approx(end["spent_usd"])
    assert found["spent_usd"] < end["spent_usd"]


def test_a_cap_holds_over_kills(tmp_path):
    """Spending counts on over restarts: the cap ends the phase below it, and a higher one lets it go on to its end."""
    load = Load(instances=30, calls=3, workers=8, budget_usd=0.02)
    with serving(tmp_path / "log", 0.05, "plain") as base_url:
        killed = kill(tmp_path, base_url, load, after_s=0.02)
        capped = finish(start(tmp_path, base_url, load))
        asked = sum(json.loads(line)["event"] == "arrived" for line in (tmp_path / "log").read_text().splitlines())
        raised = finish(start(tmp_path, base_url, Load(30, 3, 8, budget_usd=10.0)))
    assert 0 < killed.spent_usd <= 0.02
    assert capped["done"] < 30
    assert capped["spent_usd"] <= 0.02
    assert asked < 90
    assert raised["done"] == 30
    assert raised["paid_usd"] == pytest.approx(raised["spent_usd"])


def test_the_driver_takes_little_of_the_time(tmp_path):
    """With a slow server and nothing else to do, most of the wall time is the server's."""
    found = throughput(tmp_path, Load(instances=32, calls=3, workers=16), latency_s=0.5)
    assert found["requests"] == 96
    assert found["server_share"] > 0.7
