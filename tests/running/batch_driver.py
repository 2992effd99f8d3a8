"""A driver process for the tests: runs a batch whose work logs each start and end, waits, and draws a seeded number."""

import json
import random
import signal
import sys
import time
from pathlib import Path

from bugladder.running.batch import BatchHooks, run_batch
from bugladder.running.items import BatchSettings, WorkItem
from bugladder.running.store import Store


def main(folder: Path, count: int, workers: int, seconds: float) -> None:
    """Run `count` items on the store in `folder`; write each start and end to its log and the results to stdout."""
    log = folder / "log"

    def say(words: str) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(words + "\n")

    def work(item: WorkItem) -> dict[str, float]:
        say(f"start {item.id}")
        time.sleep(seconds)
        say(f"end {item.id}")
        return {"drawn": random.Random(f"7/{item.id}").random()}

    items = [WorkItem(f"i{n}", Store.key("test", {"n": n}), None) for n in range(count)]
    settings = BatchSettings(workers=workers)
    result = run_batch(items, work, settings, Store(folder / "store"), BatchHooks(label="driver"))
    values = {i: r.value for i, r in result.results.items()}
    print(json.dumps({"new": result.new, "reused": result.reused, "values": values}))


if __name__ == "__main__":
    # a shell that starts the tests in the background has children ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
