"""What a machine or a configuration is said to lack."""

import pytest

from bugladder.analysis.lacks import Machine, Needs, budget_lacks, is_free, machine_lacks, model_lacks
from bugladder.records.prices import Price, PriceTable

PRICES = PriceTable("2026-01-01", {"big": Price(2.0, 1.0, 8.0), "own": Price(0.0, 0.0, 0.0)})
BIG = {"name": "big", "model": "big", "api_key_env": "MADE_UP_KEY"}
OWN = {"name": "own", "model": "own", "api_key_env": None}
TIERED = {"name": "tiered", "mini": OWN, "big": BIG}


def test_an_ample_machine_lacks_nothing():
    """Exactly enough is enough."""
    assert machine_lacks(Needs(8, 4, 2048, 512), Machine(cpus=4, memory_mb=8192, disk_mb=4096)) == []


def test_each_lack_says_what_is_there_and_what_would_fit():
    """Memory and processors by the commands at once, disk by the open sandboxes."""
    found = machine_lacks(Needs(workers=8, slots=4, memory_mb=2048, disk_mb=512), Machine(2, 5000, 4095))
    assert found == [
        "memory: 4 sandboxes at work may take 8,192 MB, 5,000 MB are available; sandbox.slots=2 would fit",
        "disk: 8 open sandboxes may take 4,096 MB, 4,095 MB are free",
        "processors: 4 commands at once on 2; sandbox.slots=2 keeps time limits fair",
    ]


def test_a_sandbox_without_limits_is_not_judged():
    """Where a sandbox names no memory and no disk, nothing is said of them; no more workers than work at once."""
    assert machine_lacks(Needs(2, 64, None, None), Machine(2, 1, 1)) == []


@pytest.mark.parametrize("model", [BIG, TIERED], ids=["single", "tiered"])
def test_a_missing_key_is_named_by_its_variable(model):
    """The variable is named, also of a model inside another one; set, it lacks nothing, and its value is not shown."""
    assert model_lacks(model, PRICES, {}) == ["key: MADE_UP_KEY is not set, and model big needs it"]
    assert model_lacks(model, PRICES, {"MADE_UP_KEY": ""}) == ["key: MADE_UP_KEY is not set, and model big needs it"]
    assert model_lacks(model, PRICES, {"MADE_UP_KEY": "secret"}) == []


def test_a_missing_price_is_named():
    """An unpriced model would stop the run; where it is allowed, nothing lacks."""
    other = OWN | {"model": "other"}
    assert model_lacks(other, PRICES, {}) == ["price: other has none in conf/prices"]
    assert model_lacks(other, PriceTable("2026-01-01", allow_unpriced=True), {}) == []


@pytest.mark.parametrize(
    ("expected", "high", "said"), [(60.0, 70.0, "would pause"), (40.0, 51.0, "may pause"), (40.0, 50.0, None)]
)
def test_a_budget_that_is_too_small_is_said(expected, high, said):
    """What is expected above $50 would pause the phase, what is only likely may."""
    found = budget_lacks({"expected": expected, "high": high}, 50.0)
    assert (not found) if said is None else found[0].endswith(said)


@pytest.mark.parametrize(
    ("model", "free"), [(BIG, False), (OWN, True), (TIERED, False), ({"name": "none"}, True), ({"name": "own"}, True)]
)
def test_free_is_what_every_model_in_it_is(model, free):
    """One model with a price makes a routing one dear; no model at all is free."""
    assert is_free(model, PRICES) is free
