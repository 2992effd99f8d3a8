"""The process that seals a test report: it never imports tested code, and nobody of its user may look into it.

Beside what the tests' process sends it reports whether the tests' files were written during the run.
"""

import json
import os
import select
from _blake2 import blake2b

from bugladder_channel import Records

SEAL_BYTES = 16
POLL_S = 0.2
PR_SET_DUMPABLE = 4


class Seals:
    """The report: a line of JSON a record, each with a seal over itself and the seal before."""

    def __init__(self, place, key):
        self.file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.key, self.seal = key, b""

    def write(self, records):
        data = b""
        for record in records:
            text = json.dumps(record).encode("ascii")
            self.seal = blake2b(self.seal + text, key=self.key, digest_size=SEAL_BYTES).digest()
            data += self.seal.hex().encode("ascii") + b" " + text + b"\n"
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


def is_telling(path, before):
    """New files are the tests' own business, but for those that steer others."""
    return before.get(path) is not None or os.path.basename(path) in ("conftest.py", "__init__.py")


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


def relay(reader, pid, records, seals):
    """Seal what comes until the tests' process has ended; its wait status."""
    while True:
        ended = None
        if not select.select([reader], [], [], POLL_S)[0]:
            # what the tests left running may hold the pipe open
            ended = os.waitpid(pid, os.WNOHANG)
            if not ended[0]:
                continue
            if not select.select([reader], [], [], 0)[0]:
                return ended[1]
        block = os.read(reader, 1 << 16)
        try:
            seals.write(records.take(block))
        except ValueError as error:
            seals.write([{"event": "distrust", "reason": str(error)}])
            block = b""
        if ended is not None:
            return ended[1]
        if not block:
            os.close(reader)
            return os.waitpid(pid, 0)[1]


def watch(pid, reader, starter, place, channel_key):
    hide_from_the_tests()
    seals = Seals(place, read_key())
    paths = [path for path in os.environ.get("BUGLADDER_WATCH", "").split(":") if path]
    before = look_at(paths)
    os.write(starter, b"1")
    os.close(starter)
    status = relay(reader, pid, Records(channel_key), seals)
    written = [path for path, seen in look_at(paths).items() if before.get(path) != seen and is_telling(path, before)]
    gone = [path for path, seen in before.items() if seen is not None and not os.path.lexists(path)]
    if written or gone:
        names = ", ".join(sorted([*written, *gone])[:5])
        seals.write([{"event": "distrust", "reason": "test files were written during the run: " + names}])
    code = -(status & 0x7F) if status & 0x7F else status >> 8
    seals.write([{"event": "exit", "status": code}])
    return code


def end_as(code):
    if code < 0:
        import signal

        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)
