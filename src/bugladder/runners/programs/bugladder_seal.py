"""The process that seals a test report: it never imports tested code, and nobody of its user may look into it.

Beside what the tests' process sends it reports whether the tests' files were written during the run.
"""

import os
import select
import time

from bugladder_channel import Seal, encoded

MAX_LINE_BYTES = 1 << 24
POLL_S = 0.2
# Between two looks: each one costs the tests' process its turn.
PAUSE_S = 0.005
PR_SET_DUMPABLE = 4


class Report:
    """The report, made of what the tests' process sends. Raises ValueError where somebody else sent it."""

    def __init__(self, place, key, channel_key):
        self.file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.ours, self.theirs, self.held = Seal(key), Seal(channel_key), b""

    def take(self, block):
        *lines, self.held = (self.held + block).split(b"\n")
        if len(self.held) > MAX_LINE_BYTES:
            raise ValueError("a line without an end was sent for ours")
        for line in lines:
            text = line.partition(b" ")[2]
            if self.theirs.line(text) != line + b"\n":
                raise ValueError("a line was sent that is not ours")
            self.write(text)

    def add(self, **record):
        self.write(encoded(record).encode("ascii"))

    def write(self, text):
        data = self.ours.line(text)
        while data:
            data = data[os.write(self.file, data) :]


def look_at(paths):
    """What the system says about the Python files that stand at or below some paths, and the conftests above them."""
    found = {}
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in os.walk(path):
                for name in names:
                    if name.endswith(".py"):
                        note(os.path.join(folder, name), found)
        else:
            note(path, found)
        folder = os.path.abspath(path)
        while folder != os.path.dirname(folder):
            folder = os.path.dirname(folder)
            note(os.path.join(folder, "conftest.py"), found)
            if folder == os.getcwd():
                break
    return found


def note(path, found):
    try:
        entry = os.lstat(path)
    except OSError:
        found[path] = None
    else:
        # nobody but the system sets a file's time of change
        found[path] = (entry.st_ino, entry.st_mode, entry.st_size, entry.st_ctime_ns)


def changes(before, after):
    """Files that were there and are others or gone; new ones are the tests' own business, but for those that steer."""
    gone = [path for path, seen in before.items() if seen is not None and path not in after]
    steering = ("conftest.py", "__init__.py")
    return sorted(gone) + sorted(
        path
        for path, seen in after.items()
        if before.get(path) != seen and (before.get(path) is not None or os.path.basename(path) in steering)
    )


def hide_from_the_tests():
    """No process of the same user may look into this one, where the key is."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


def read_key():
    key = b""
    while True:
        block = os.read(0, 64)
        if not block:
            return key
        key += block


def relay(reader, pid, report):
    """Seal what comes until the tests' process has ended; its wait status."""
    while True:
        ended = (0, 0)
        if not select.select([reader], [], [], POLL_S)[0]:
            # what the tests left running may hold the pipe open
            ended = os.waitpid(pid, os.WNOHANG)
            if ended[0] and not select.select([reader], [], [], 0)[0]:
                return ended[1]
            if not ended[0]:
                continue
        block = os.read(reader, 1 << 16)
        try:
            report.take(block)
        except ValueError as error:
            report.add(event="distrust", reason=str(error))
            block = b""
        if ended[0]:
            return ended[1]
        if not block:
            os.close(reader)
            return os.waitpid(pid, 0)[1]
        time.sleep(PAUSE_S)


def watch(pid, reader, starter, channel_key):
    hide_from_the_tests()
    report = Report(os.environ["BUGLADDER_REPORT"], read_key(), channel_key)
    paths = [path for path in os.environ.get("BUGLADDER_WATCH", "").split(":") if path]
    before = look_at(paths)
    os.write(starter, b"1")
    os.close(starter)
    status = relay(reader, pid, report)
    written = changes(before, look_at(paths))
    if written:
        report.add(event="distrust", reason="test files were written during the run: " + ", ".join(written[:5]))
    code = -(status & 0x7F) if status & 0x7F else status >> 8
    report.add(event="exit", status=code)
    return code


def end_as(code):
    if code < 0:
        import signal

        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)
