"""What the meter is tried with as a whole: driver processes that are killed, and a server process with a log."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_acts import Act, mixed
from meter_driver import model_at, question

from bugladder.running.metering.requests import request_of

_TESTS = Path(__file__).resolve().parent
_DRIVER = _TESTS / "meter_driver.py"


@dataclass(frozen=True)
class Load:
    """What a driver is given to do: equal numbers of calls on so many instances, under a cap."""

    instances: int
    calls: int
    workers: int
    budget_usd: float = 1000.0


@contextmanager
def serving(log: Path, latency_s: float, behaviour: str) -> Iterator[str]:
    """A server process and its base URL."""
    argv = [sys.executable, str(_TESTS / "chat_server.py"), "--latency", str(latency_s), "--log", str(log)]
    process = subprocess.Popen(
        [*argv, "--behaviour", behaviour], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def start(folder: Path, base_url: str, load: Load) -> subprocess.Popen[str]:
    """A driver at work."""
    counts = map(str, (load.instances, load.calls, load.workers, load.budget_usd))
    argv = [sys.executable, str(_DRIVER), str(folder), base_url, *counts]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def finish(driver: subprocess.Popen[str]) -> dict[str, Any]:
    """What a driver printed, once it has ended well."""
    out, _ = driver.communicate(timeout=600)
    if driver.returncode != 0:
        raise RuntimeError(f"the driver ended with {driver.returncode}")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def throughput(folder: Path, load: Load, latency_s: float) -> dict[str, float]:
    """The share of the wall time, from the first request's arrival to the last reply's end, that is the server's."""
    with serving(folder / "log", latency_s, "plain") as base_url:
        done = finish(start(folder, base_url, load))
    requests = _requests(folder / "log")
    wall_s = max(r.ended_s for r in requests) - min(r.arrived_s for r in requests)
    share = len(requests) * latency_s / load.workers / wall_s
    return {"requests": len(requests), "wall_s": wall_s, "driver_s": done["seconds"], "server_share": share}


@dataclass(frozen=True)
class Seen:
    """One request in the server's log; ended_s is infinite where it never ended."""

    words: str
    arrived_s: float
    ended_s: float
    is_answered: bool


@dataclass(frozen=True)
class Killed:
    """One kill: its time, and the keys of the requests whose replies were on disk right after it."""

    at_s: float
    kept: frozenset[str]
    spent_usd: float
    """Booked or held."""


def kill_trial(folder: Path, load: Load, kills: int, seed: int) -> dict[str, Any]:
    """Kill drivers at random moments, let the last one finish, and compare with the server's log.

    Returns:
        `repeated` (per kill: calls asked again although an earlier request of theirs was not answered badly),
        `repeated_kept` (calls asked again although their reply was on disk: should be 0), `longest_gap_s` (from the end
        of a reply that was repeated to the kill), `spent_usd`, and what the last driver printed under `end`.
    """
    rng = random.Random(seed)
    with serving(folder / "log", 0.05, "mixed") as base_url:
        done = [kill(folder, base_url, load, rng.uniform(0.1, 0.8)) for _ in range(kills)]
        end = finish(start(folder, base_url, load))
    requests = _requests(folder / "log")
    identity = model_at(base_url).identity()
    keys = {r.words: request_of(question(r.words), identity, 0).key for r in requests}
    return {**_compare(requests, done, keys), "requests": len(requests), "end": end}


def kill(folder: Path, base_url: str, load: Load, after_s: float) -> Killed:
    """Start a driver and kill it so long after its first request."""
    before = _size(folder / "log")
    driver = start(folder, base_url, load)
    while _size(folder / "log") == before and driver.poll() is None:
        time.sleep(0.005)
    time.sleep(after_s)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    at_s = time.monotonic()
    with sqlite3.connect(folder / "responses.db") as connection:
        kept = frozenset(key for (key,) in connection.execute("SELECT request FROM replies"))
        row = connection.execute("SELECT spent + held FROM totals WHERE instance_id = ''").fetchone()
    connection.close()
    return Killed(at_s, kept, (row[0] if row else 0) / 1e9)


def _compare(requests: list[Seen], kills: list[Killed], keys: dict[str, str]) -> dict[str, Any]:
    by_words = defaultdict(list)
    for request in requests:
        by_words[request.words].append(request)
    repeated, kept_again, gaps = [], 0, [0.0]
    for kill in kills:
        count = 0
        for words, seen in by_words.items():
            before = [r for r in seen if r.arrived_s < kill.at_s]
            if not before or len(before) == len(seen):
                continue
            kept_again += keys[words] in kill.kept
            # what was answered badly before the kill would have been tried again without it
            if before[-1].is_answered or before[-1].ended_s > kill.at_s:
                count += 1
                gaps.append(kill.at_s - before[-1].ended_s)
        repeated.append(count)
    spent = max((k.spent_usd for k in kills), default=0.0)
    return {"repeated": repeated, "repeated_kept": kept_again, "longest_gap_s": max(gaps), "spent_usd": spent}


def _requests(log: Path) -> list[Seen]:
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    ends = {e["n"]: e for e in events if e["event"] == "ended"}
    found = []
    for event in (e for e in events if e["event"] == "arrived"):
        end = ends.get(event["n"], {"s": float("inf"), "status": 0, "is_finished": False})
        try:
            words = json.loads(event["body"])["messages"][-1]["content"]
        except ValueError:
            continue  # the kill cut the request itself: it never came as a whole
        found.append(Seen(words, event["s"], end["s"], end["is_finished"] and _is_good(mixed({}, event["n"]))))
    return found


def _is_good(act: Act) -> bool:
    return act.status == 200 and isinstance(act.body, dict)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
