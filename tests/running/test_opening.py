"""Places: how many sandboxes run something at once, and who lends a place while its command only waits."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox


@pytest.fixture
def opened(make_instance, cache):
    """A function that opens workspaces with so many places together; all are closed at the end."""
    environment, contexts = make_instance().environment, []

    def open_some(slots, count):
        opener = workspace_opener(LocalSandbox(cache=str(cache), tool_requirements=()), 30.0, slots)
        for _ in range(count):
            contexts.append(opener(environment, {}))
            yield contexts[-1].__enter__()

    yield lambda slots, count: list(open_some(slots, count))
    for context in contexts:
        context.__exit__(None, None, None)


def _seconds(work):
    started = time.monotonic()
    work()
    return time.monotonic() - started


def test_commands_wait_for_a_place(opened):
    """With one place two commands run one after the other, and the wait is told."""
    waits = []
    first, second = opened(1, 2)
    second.session.excuse = waits.append

    def run(workspace):
        return workspace.run("sleep", "0.4").exit_code

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(run, first)
        time.sleep(0.1)
        two = pool.submit(run, second)
        assert _seconds(lambda: (one.result(), two.result())) >= 0.65
    assert waits[0] >= 0.2


def test_a_waiting_command_lends_its_place(opened):
    """While a command is known to wait another one runs in its place, and it goes on only once there is one again."""
    first, second = opened(1, 2)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(first.run, "sleep", "1")
        time.sleep(0.2)
        with first.session.rest():
            assert _seconds(lambda: second.run("true")) < 0.5
            assert not slow.done()
        blocked = threading.Thread(target=second.run, args=("true",))
        assert _seconds(lambda: (blocked.start(), blocked.join())) > 0.2
        assert slow.result().exit_code == 0


def test_a_place_is_given_back_once(opened):
    """A command that ends while its place is lent gives nothing back twice and takes nothing along."""
    first, second = opened(1, 2)
    with ThreadPoolExecutor(1) as pool:
        short = pool.submit(first.run, "sleep", "0.3")
        time.sleep(0.1)
        with first.session.rest():
            assert short.result().exit_code == 0
    with first.session.rest():  # without a command there is nothing to lend
        assert second.run("true").exit_code == 0
    assert first.run("true").exit_code == 0
