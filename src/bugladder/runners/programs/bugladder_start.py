"""Starts a test program so that its report cannot be written by what it tests.

Usage: bugladder_start.py PROGRAM [ARGUMENTS]; PROGRAM is a module beside this one with `run(arguments, send)`, which
returns an exit status, and MAIN, the module that it stands for. Standard input is the key of the seals.

The process that was started never imports tested code: it forks, watches the tests' files, seals what the fork sends
and ends as the fork ended. The fork loads its tools before the repository is on the path. Standard library only.
"""

import os
import sys

MAX_RECORD_BYTES = 1 << 24
HEAD_BYTES, MAC_BYTES = 8, 16
POLL_S = 0.2
PR_SET_DUMPABLE = 4


def sender(fd, key):
    """What the tests' process writes records with; it holds on to what it needs, whatever becomes of the modules."""
    from _blake2 import blake2b
    from marshal import dumps

    getpid, write, length = os.getpid, os.write, len
    owner, count = os.getpid(), 0

    def send(record):
        nonlocal count
        # a test may fork, and its child is not the one that reports
        if getpid() != owner:
            return
        body = dumps(record)
        head = length(body).to_bytes(HEAD_BYTES, "big")
        mac = blake2b(count.to_bytes(HEAD_BYTES, "big") + body, key=key, digest_size=MAC_BYTES).digest()
        count += 1
        data = head + mac + body
        while data:
            data = data[write(fd, data) :]

    return send


class Records:
    """Takes apart what the tests' process sent. Raises ValueError where it was somebody else who sent it."""

    def __init__(self, key):
        from _blake2 import blake2b
        from marshal import loads

        self.key, self.count, self.held = key, 0, b""
        self.blake2b, self.loads = blake2b, loads

    def take(self, block):
        self.held += block
        found = []
        while len(self.held) >= HEAD_BYTES + MAC_BYTES:
            size = int.from_bytes(self.held[:HEAD_BYTES], "big")
            end = HEAD_BYTES + MAC_BYTES + size
            if size > MAX_RECORD_BYTES:
                raise ValueError("a record without an end was sent for ours")
            if len(self.held) < end:
                break
            mac, body = self.held[HEAD_BYTES : HEAD_BYTES + MAC_BYTES], self.held[HEAD_BYTES + MAC_BYTES : end]
            text = self.count.to_bytes(HEAD_BYTES, "big") + body
            if self.blake2b(text, key=self.key, digest_size=MAC_BYTES).digest() != mac:
                raise ValueError("a record was sent that is not ours")
            self.held, self.count = self.held[end:], self.count + 1
            found.append(self.loads(body))
        return found


class Seals:
    """The report: a line of JSON a record, each with a seal over itself and the seal before."""

    def __init__(self, place, key):
        import json
        from _blake2 import blake2b

        self.file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.key, self.seal = key, b""
        self.dumps, self.blake2b = json.dumps, blake2b

    def write(self, records):
        data = b""
        for record in records:
            text = self.dumps(record).encode("ascii")
            self.seal = self.blake2b(self.seal + text, key=self.key, digest_size=16).digest()
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
    import select

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


def stands_in(name, folders):
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec(name, folders)
    return spec is not None and spec.loader is not None


def forget(folders, kept):
    """Tools that the repository itself provides are to be its own for the tests; ours keep what they have loaded."""
    library = os.path.dirname(os.__file__)
    for top in {name.partition(".")[0] for name in sys.modules} - kept - {"__main__"}:
        file = getattr(sys.modules.get(top), "__file__", None) or ""
        is_standard = not file or (file.startswith(library) and "-packages" not in file[len(library) :])
        if not is_standard and stands_in(top, folders):
            for name in [n for n in sys.modules if n == top or n.startswith(top + ".")]:
                del sys.modules[name]


def spec_of_main(name):
    """Of package.__main__, or of the package where it is a plain module; None for a program that stands for none."""
    from importlib.util import find_spec

    if not name:
        return None
    try:
        return find_spec(name)
    except ModuleNotFoundError:
        return find_spec(name.rpartition(".")[0])


def stand_for(main, spec, arguments):
    """Be the module that the tests' command names, so that what looks at __main__ finds what it always found."""
    main.__spec__, main.__file__, main.__package__ = spec, spec.origin, spec.parent
    main.__loader__ = spec.loader
    sys.modules["__main__"] = main
    sys.argv = [spec.origin, *arguments]


def prepare(name, folders):
    """Load the program and its tools from where no tested code is, then put the repository first on the path."""
    from types import ModuleType

    support, rest = sys.path[0], sys.path[1:]
    tools = {name.rpartition("_")[2], "_" + name.rpartition("_")[2]}
    if any(stands_in(tool, folders) for tool in tools):
        # the tool itself is what is tested: there is no other
        sys.path[:] = [support, *folders, *rest]
    program = __import__(name)
    main, spec = ModuleType("__main__"), spec_of_main(program.MAIN)
    sys.path[:] = [*folders, *rest]
    ours = {n for n in sys.modules if n.startswith("bugladder_")}
    forget(folders, tools | ours)
    for module in ours:
        del sys.modules[module]
    if spec is not None:
        stand_for(main, spec, sys.argv[2:])
    return program


def test(writer, waiter, channel_key):
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    name, arguments = sys.argv[1], sys.argv[2:]
    send = sender(writer, channel_key)
    del channel_key
    own = [path for path in os.environ.pop("BUGLADDER_PATH", "").split(":") if path]
    for variable in ("BUGLADDER_REPORT", "BUGLADDER_WATCH"):
        os.environ.pop(variable, None)
    program = prepare(name, [os.getcwd(), *own])
    # for what the tests start themselves
    os.environ["PYTHONPATH"] = ":".join([*own, *os.environ.get("PYTHONPATH", "").split(":")])
    if not os.read(waiter, 1):
        return 1
    os.close(waiter)
    return program.run(arguments, send)


def main():
    channel_key = os.urandom(32)
    reader, writer = os.pipe()
    waiter, starter = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        os.close(waiter)
        end_as(watch(pid, reader, starter, os.environ["BUGLADDER_REPORT"], channel_key))
    os.close(reader)
    os.close(starter)
    # no frame below the tests' keeps the key
    keys = [channel_key]
    del channel_key
    sys.exit(test(writer, waiter, keys.pop()))


if __name__ == "__main__":
    main()
