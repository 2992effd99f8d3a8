import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from chat_acts import in_order, reply
from chat_server import ChatServer
from metered import asked, meter_on, model_at

from bugladder.models.none import NoModel
from bugladder.records import Candidate, Solution, Task, canonical_json
from bugladder.running.opening import workspace_opener
from bugladder.running.solving import SolveWork


@dataclass(frozen=True)
class AskingSolver:
    """Hands in what the model says, if there is one."""

    name: str = "asking"

    def solve(self, task, bench):
        """One question, one command."""
        said = bench.chat.ask(asked(task.problem_statement)).text if bench.chat is not None else None
        bench.workspace.run("true")
        return Solution(Candidate(task.instance_id, said), ())


def task_of(instance, number=0):
    """The task of an instance under a number."""
    return Task(
        f"{instance.instance_id}-{number}", "pypi", "release", "tiny", f"words {number}", instance.environment, (), (),
        instance.apparent_difficulty, "blind", {},
    )  # fmt: skip


def test_a_value_holds_what_was_said(tiny_world, make_instance, tmp_path):
    """What one instance comes to is ready for the store, with its calls and transcripts."""
    with ChatServer(in_order(reply("a patch"))) as server, meter_on(tmp_path) as meter:
        work = SolveWork(AskingSolver(), tiny_world.open_workspace, 7, 60.0, meter.chat_maker(model_at(server)))
        value = work(task_of(make_instance()))
    assert canonical_json(value)
    assert value["candidate"]["patch"] == "a patch"
    assert [c["step"] for c in value["calls"]] == [t["step"] for t in value["transcripts"]] == ["fix"]


def test_without_a_model_there_is_no_chat(tiny_world, make_instance, tmp_path):
    """Where no model was chosen a solver is handed none, and there are no calls."""
    with meter_on(tmp_path) as meter:
        value = SolveWork(AskingSolver(), tiny_world.open_workspace, 7, 60.0, meter.chat_maker(NoModel()))(
            task_of(make_instance())
        )
    assert (value["candidate"]["patch"], value["calls"], value["transcripts"]) == (None, [], [])


def test_waiting_for_a_model_takes_no_place(tiny_world, make_instance, tmp_path):
    """With a single place several instances wait for their replies at once, since only commands take it."""
    all_wait = threading.Event()

    def reply_when_all_wait(_request, n):
        if n == 2:
            all_wait.set()
        return reply("x", hold=all_wait)

    opener = workspace_opener(tiny_world.sandbox, 60.0, slots=1, label="test")
    with ChatServer(reply_when_all_wait) as server, meter_on(tmp_path) as meter:
        work = SolveWork(AskingSolver(), opener, 7, 60.0, meter.chat_maker(model_at(server, timeout_s=20.0)))
        with ThreadPoolExecutor(3) as pool:
            values = list(pool.map(work, [task_of(make_instance(), n) for n in range(3)]))
    assert [v["calls"][0]["retries"] for v in values] == [0, 0, 0]


def test_waiting_for_a_place_is_excused(tiny_world, make_instance):
    """The seconds that a command waits for a place are taken off nobody's time."""
    both_are_open, found = threading.Barrier(2), []

    @dataclass(frozen=True)
    class Sleeper:
        name: str = "sleeper"

        def solve(self, task, bench):
            both_are_open.wait(30)
            started, left_s = time.monotonic(), bench.deadline.remaining_s
            bench.workspace.run("sleep", "0.6")
            found.append((time.monotonic() - started, left_s - bench.deadline.remaining_s))
            return Solution(Candidate(task.instance_id, None), ())

    opener = workspace_opener(tiny_world.sandbox, 60.0, slots=1, label="test")
    work = SolveWork(Sleeper(), opener, 7, 60.0, lambda _task, _deadline: None)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, [task_of(make_instance(), n) for n in range(2)]))
    took_s, counted_s = max(found)
    assert took_s > 1.1
    assert took_s - counted_s > 0.5
