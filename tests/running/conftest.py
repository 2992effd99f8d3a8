import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("batch_driver.py")


class Drivers:
    """Starts driver processes on one folder, and ends what is left of them."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []

    def start(self, count, workers, seconds):
        """A new driver of `count` items that take `seconds` each."""
        argv = [sys.executable, str(DRIVER), str(self.folder), str(count), str(workers), str(seconds)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def finish(self, process):
        """What a driver printed, once it has ended well."""
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return json.loads(out.splitlines()[-1])

    def counts(self, what):
        """How often each item was started or ended, over all drivers."""
        log = self.folder / "log"
        lines = log.read_text().split("\n") if log.exists() else []
        return Counter(line.removeprefix(f"{what} ") for line in lines if line.startswith(f"{what} "))

    def wait_for(self, what, number):
        """Wait until so many starts or ends were logged."""
        deadline = time.monotonic() + 30
        while self.counts(what).total() < number:
            assert time.monotonic() < deadline, f"never saw {number} lines of {what}"
            time.sleep(0.02)


@pytest.fixture
def drivers(tmp_path):
    """Driver processes on one store."""
    made = Drivers(tmp_path)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate()
