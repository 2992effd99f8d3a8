import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from docker_engine import api, built_image, docker_sandbox, forget
from image_registry import open_registry
from sandbox_probes import sh

from bugladder.records import BugladderError, Environment, ImageSource, InfrastructureError, RunnerSpec
from bugladder.sandboxes.containers.engine import EngineError
from bugladder.sandboxes.containers.pulling import ImageSettings

pytestmark = pytest.mark.docker

FAST = ImageSettings(base_delay_s=0.01, max_delay_s=0.05, patience_s=5.0, ahead=0)
MB = 0.001
# Each has 20 MB of its own above layers that all share and that stand on the engine anyway.
SCRIPT = """
set -e
mkdir -p /testbed && cd /testbed && git init -q
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
echo {number} >number && git add -A && git commit -qm base
head -c 20000000 /dev/urandom >/own
"""


@pytest.fixture(scope="module")
def registry():
    """Three images of one repository in a registry, none of them on the engine."""
    with open_registry() as found, built_image("bugladder-test/shared:1", "head -c 30000000 /dev/urandom >/shared"):
        for number in (1, 2, 3):
            local = f"bugladder-test/part:{number}"
            with built_image(local, SCRIPT.format(number=number), base="bugladder-test/shared:1"):
                found.push(local, f"x/tiny_1776_tiny-{number}")
        yield found


@pytest.fixture
def environments(registry):
    """An environment per image; what tests bring of them goes at the end."""
    names = [f"{registry.host}/x/tiny_1776_tiny-{number}:latest" for number in (1, 2, 3)]
    registry.pulls.clear()
    registry.refusals = 0
    yield [Environment(ImageSource(n, "tiny/tiny", "0" * 40), (), RunnerSpec("pytest", ()), python="") for n in names]
    for name in names:
        forget(name)


def _number(sandbox, environment):
    session = sandbox.open(environment, "run@p1")
    try:
        return sh(session, "cat number").stdout
    finally:
        session.close()


@contextmanager
def _sampled_disk():
    """What all images on the engine take, again and again."""
    sizes, is_over = [api().df()["LayersSize"]], threading.Event()

    def sample():
        client = api()
        while not is_over.wait(0.05):
            sizes.append(client.df()["LayersSize"])

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield sizes
    finally:
        is_over.set()
        sampler.join()


def _there(environments):
    tags = {tag for image in api().images() for tag in image["RepoTags"] or ()}
    return [e.source.image in tags for e in environments]


def test_missing_image_is_pulled_and_prepared(tmp_path, registry, environments):
    """Policy missing pulls what is not there, once, and opens it."""
    sandbox = docker_sandbox(tmp_path, images=FAST)
    assert [_number(sandbox, environments[0]) for _ in range(2)] == [b"1\n"] * 2
    assert registry.pulls.count("x/tiny_1776_tiny-1") <= 2  # by the engine: what the name means, then the image


def test_never_pulls_nothing(tmp_path, registry, environments):
    """Policy never refuses a missing image by name, before and at opening, and asks no registry."""
    sandbox = docker_sandbox(tmp_path, images=replace(FAST, pull="never"))
    with pytest.raises(EngineError, match=r"tiny-1:latest: image_missing.*sandbox\.images\.pull is never") as caught:
        sandbox.open(environments[0], "never")
    assert isinstance(caught.value, InfrastructureError)
    assert "pull is never" in sandbox.obstacle(environments[0])
    with pytest.raises(InfrastructureError, match="3 images are missing"):
        sandbox.outlook(environments)
    assert registry.pulls == []


def test_refusals_are_waited_out(tmp_path, registry, environments):
    """A registry's 429 is tried again after a while and costs nothing but time."""
    registry.refusals = 3
    assert _number(docker_sandbox(tmp_path, images=FAST), environments[0]) == b"1\n"
    assert registry.refusals == 0


def test_refusals_that_go_on_are_told(tmp_path, registry, environments):
    """Where a registry keeps refusing beyond the patience, the error says what would help and blames the machine."""
    registry.refusals = 10_000
    sandbox = docker_sandbox(tmp_path, images=replace(FAST, patience_s=0.3))
    with pytest.raises(EngineError, match=r"rate_limit: .*docker login") as caught:
        sandbox.open(environments[0], "refused")
    assert caught.value.rule.fault.value == "machine"


def test_unknown_image_is_told(tmp_path, registry, environments):
    """A name that its registry does not know is missing, and is not tried again."""
    registry.refusals = 0
    source = ImageSource(f"{registry.host}/x/nothing:latest", "tiny/tiny", "0" * 40)
    began = time.monotonic()
    with pytest.raises(EngineError, match=r"x/nothing:latest.*image_missing"):
        docker_sandbox(tmp_path, images=FAST).open(replace(environments[0], source=source), "unknown")
    assert time.monotonic() - began < 3


def test_pulls_are_limited(tmp_path, registry, environments):
    """No more pulls are made within the window than allowed; the error says when the next one is free."""
    sandbox = docker_sandbox(tmp_path, images=replace(FAST, pulls=1))
    assert _number(sandbox, environments[0]) == b"1\n"
    with pytest.raises(InfrastructureError, match=r"1 pulls in 6 h .*free in (359|360) minutes"):
        sandbox.open(environments[1], "limited")


def test_image_goes_by_its_digest(tmp_path, registry, environments):
    """A result's key knows the image by its digest in the registry, there or not; another image is another key."""
    first = docker_sandbox(tmp_path / "a", images=FAST)
    before = first.digest(environments[0])
    assert _there(environments) == [False, False, False]
    _number(first, environments[0])
    again = docker_sandbox(tmp_path / "b", images=replace(FAST, ahead=1))
    assert again.digest(environments[0]) == before
    assert again.digest(environments[1]) != before
    assert replace(again, memory_mb=77).digest(environments[0]) != before


def test_pinned_digest_is_what_is_opened(tmp_path, registry, environments):
    """An environment that pins a digest gets that image, whatever the name means by now."""
    pinned = docker_sandbox(tmp_path, images=FAST)._runtime().stock.identity(environments[1].source.image)
    source = replace(environments[0].source, image=environments[1].source.image, digest=pinned)
    assert _number(docker_sandbox(tmp_path, images=FAST), replace(environments[0], source=source)) == b"2\n"


def test_run_stays_below_its_budget(tmp_path, registry, environments):
    """With room for one image of three, three workers open all, and the engine's disk stays below the budget."""
    images = replace(FAST, budget_gb=30 * MB, assumed_gb=21 * MB, prepared_gb=1 * MB)
    sandbox = docker_sandbox(tmp_path, images=images)
    assert "3 of 3 are missing" in sandbox.outlook(environments)
    found: dict[int, bytes] = {}

    def work(place):
        with sandbox.kept(environments[place]), sandbox.brought(environments[place]):
            found[place] = _number(sandbox, environments[place])

    with sandbox.stocked(environments) as order, _sampled_disk() as sizes:
        workers = [threading.Thread(target=work, args=(place,)) for place in order]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(120)
    assert found == {0: b"1\n", 1: b"2\n", 2: b"3\n"}
    assert 20e6 < max(sizes) - sizes[0] <= 30e6
    assert sum(_there(environments)) == 1
    assert sandbox._runtime().stock.peak_bytes <= 30e6


def test_foreign_images_stay(tmp_path, registry, environments):
    """An image that was there before the run is not evicted, however full the budget is."""
    name, _, tag = environments[0].source.image.rpartition(":")
    api().pull(name, tag=tag)
    images = replace(FAST, budget_gb=30 * MB, assumed_gb=21 * MB, prepared_gb=1 * MB)
    sandbox = docker_sandbox(tmp_path, images=images)
    for environment in environments:
        _number(sandbox, environment)
    assert _there(environments)[0]


def test_budget_too_small_for_one_image_is_told(tmp_path, registry, environments):
    """A budget that no image fits in is an error that names both sizes."""
    images = replace(FAST, budget_gb=10 * MB, assumed_gb=50 * MB)
    with pytest.raises(BugladderError, match=r"budget_gb is 0\.01 and one image takes about 0\.3"):
        docker_sandbox(tmp_path, images=images).open(environments[0], "small")


def test_images_come_ahead(tmp_path, registry, environments):
    """While one is worked on, as many as asked for are brought ahead; no more."""
    sandbox = docker_sandbox(tmp_path, images=replace(FAST, ahead=1))
    with sandbox.stocked(environments), sandbox.kept(environments[0]), sandbox.brought(environments[0]):
        end = time.monotonic() + 30
        while sandbox._runtime().stock.wants([environments[1].source]).need_bytes and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1.5)
        assert _there(environments) == [True, True, False]


def test_order_keeps_neighbours_together(tmp_path, environments):
    """Images are opened in the order of their names, numbers by value, so that shared layers are pulled once."""
    names = ["a/django-9:latest", "b/x:latest", "a/django-10:latest", "a/django-2:latest"]
    listed = [replace(environments[0], source=ImageSource(n, "a/b", "0" * 40)) for n in names]
    with docker_sandbox(tmp_path, images=FAST).stocked(listed) as order:
        assert [names[place] for place in order] == [names[3], names[0], names[2], names[1]]
