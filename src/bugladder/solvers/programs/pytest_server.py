"""Tries candidate edits one after another: pytest and the dependencies are loaded once, each candidate gets a fork.

Runs inside the sandbox. Standard input holds JSON lines: first the order (root, scratch, arguments of pytest, ids
that must pass, timeout_s, cpu_factor, cpu_floor_s, memory_mb, preloads), then candidates (n, path, start, end, text).
Standard output gets one JSON line per event: baseline, trial, end. What a candidate does to files, processes and
descriptors ends with it.
"""

import ctypes
import gc
import json
import os
import resource
import shutil
import signal
import stat
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


class Tree:
    """The repository's files as they were; `restore` puts back what changed since."""

    def __init__(self, root):
        self.root = root
        self.entries = {path: (mark, self._content(path, mark)) for path, mark in self._scan()}

    def _scan(self):
        folders = [self.root]
        while folders:
            folder = folders.pop()
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                os.chmod(folder, 0o700)  # a candidate locked it; restore sees by its mode that it changed
            with os.scandir(folder) as listing:
                for entry in listing:
                    status = entry.stat(follow_symlinks=False)
                    yield entry.path, status
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(entry.path)

    def _content(self, path, status):
        if stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                return file.read()
        return os.readlink(path) if stat.S_ISLNK(status.st_mode) else None

    def restore(self):
        present = dict(self._scan())
        for path in sorted(present, reverse=True):
            known = self.entries.get(path)
            if known is None or stat.S_IFMT(known[0].st_mode) != stat.S_IFMT(present[path].st_mode):
                remove(path, present[path])
                del present[path]
        for path in sorted(self.entries):
            before, content = self.entries[path]
            if path not in present or is_changed(before, present[path]):
                self._put(path, before, content)

    def _put(self, path, before, content):
        if stat.S_ISDIR(before.st_mode):
            os.makedirs(path, exist_ok=True)
            os.chmod(path, stat.S_IMODE(before.st_mode))
            return
        if os.path.lexists(path):
            os.unlink(path)
        if stat.S_ISLNK(before.st_mode):
            os.symlink(content, path)
        elif stat.S_ISREG(before.st_mode):
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, stat.S_IMODE(before.st_mode))
            # bytecode of the unchanged file is known by this time
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.entries[path] = (os.lstat(path), content)


def is_changed(before, now):
    if stat.S_ISDIR(before.st_mode):
        return stat.S_IMODE(before.st_mode) != stat.S_IMODE(now.st_mode)
    # the change time cannot be set back by utime
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino, before.st_mode) != (
        now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino, now.st_mode,
    )  # fmt: skip


def remove(path, status):
    if stat.S_ISDIR(status.st_mode):
        os.chmod(path, 0o700)
        shutil.rmtree(path, ignore_errors=True)
    else:
        os.unlink(path)


class Judge:
    """pytest plugin of one trial: which of the wanted ids passed; stops at the first that did not."""

    def __init__(self, ids, stops_early):
        self.wanted = set(ids)
        self.passed = set()
        self.failed = set()
        self.stops_early = stops_early
        self.session = None
        self.at_start = None

    def pytest_sessionstart(self, session):
        self.session = session

    def pytest_collection_finish(self, session):
        if self.at_start is not None:
            self.at_start()

    def pytest_runtest_logreport(self, report):
        if report.nodeid not in self.wanted:
            return
        is_pass = report.passed or (report.skipped and hasattr(report, "wasxfail"))
        if not is_pass:
            self.failed.add(report.nodeid)
            if self.stops_early:
                self.session.shouldfail = "decided"
        elif report.when == "call" or report.skipped:
            self.passed.add(report.nodeid)

    def answer(self):
        good = self.passed - self.failed
        return {"passed": len(good), "is_pass": good == self.wanted}


class Server:
    """Forks one child per trial and outlives each of them."""

    def __init__(self, order, out):
        self.order = order
        self.out = out
        self.allowance_s = order["timeout_s"]
        self.tree = Tree(order["root"])

    def say(self, **event):
        os.write(self.out, json.dumps(event).encode() + b"\n")

    def warm_up(self):
        """Run the unchanged code, load what it loaded from outside the repository, and run it again.

        Returns whether candidates can be judged here: the tests fail as they are, and loading changed nothing.
        """
        first = self.trial(is_baseline=True)
        names = first.pop("modules", []) if self.order["preloads"] else []
        for name in self.in_child(lambda place: {"names": self.loadable(names)}).get("names", []):
            load(name)
        # what is loaded by now stays: no child has to look through it
        gc.collect()
        gc.freeze()
        # from here on only the repository's own code is compiled; the dependencies' bytecode is beside them
        sys.pycache_prefix = os.path.join(self.order["scratch"], "bytecode")
        second = self.trial(is_baseline=True, writes_bytecode=True)
        second.pop("modules", None)
        same = second.get("is_pass") == first.get("is_pass") and second.get("passed") == first.get("passed")
        if second["status"] == "done":
            wanted = second["cpu_s"] * self.order["cpu_factor"]
            self.allowance_s = min(self.order["timeout_s"], max(self.order["cpu_floor_s"], wanted))
        self.say(event="baseline", is_stable=same, allowance_s=self.allowance_s, **second)
        return (same or not self.order["preloads"]) and not second.get("is_pass")

    def loadable(self, names):
        """Those modules that neither bring in the repository's own code nor start threads."""
        good = []
        for name in names:
            load(name)
            if self.has_own_code() or len(os.listdir("/proc/self/task")) > 1:
                break
            good.append(name)
        return good

    def has_own_code(self):
        root = self.order["root"] + os.sep
        return any(str(getattr(m, "__file__", None) or "").startswith(root) for m in list(sys.modules.values()))

    def serve(self, candidates):
        for candidate in candidates:
            path = os.path.join(self.order["root"], candidate["path"])
            before, content = self.tree.entries[path]
            changed = content[: candidate["start"]] + candidate["text"].encode("utf-8") + content[candidate["end"] :]
            with open(path, "wb") as file:
                file.write(changed)
            # another second than the original's, so that no bytecode of it is taken for this one's
            later = before.st_mtime_ns + (candidate["n"] + 1) * 2_000_000_000
            os.utime(path, ns=(later, later))
            result = self.trial()
            self.say(event="trial", n=candidate["n"], **result)

    def trial(self, *, is_baseline=False, writes_bytecode=False):
        result = self.in_child(lambda place: self.run_tests(place, is_baseline, writes_bytecode))
        self.tree.restore()
        return result

    def run_tests(self, place, is_baseline, writes_bytecode):
        import pytest

        sys.dont_write_bytecode = not writes_bytecode
        judge = Judge(self.order["ids"], stops_early=not is_baseline)
        if is_baseline:
            own = (self.order["root"] + os.sep, self.order["scratch"] + os.sep)
            judge.at_start = lambda: write(place, "early", {"modules": foreign_modules(own)})
        # nobody reads the tracebacks; the native ones cost least
        pytest.main([*self.order["arguments"], "--tb=native"], plugins=[judge])
        if is_baseline:
            judge.at_start()
        return judge.answer()

    def in_child(self, work):
        """Run work in a fork; its answer comes by a file, which outlives closed descriptors."""
        place = os.path.join(self.order["scratch"], "trial-" + os.urandom(8).hex())
        os.mkdir(place)
        pid = os.fork()
        if pid == 0:
            self.child(place, work)
        status, usage, wall_s = self.wait(pid)
        kill_strays()
        result = {"status": status, "cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": wall_s}
        answer = read(place, "answer")
        if answer is None and status == "done":
            result["status"] = "crashed"
        # the early part is there also where the tests never ended
        result.update(read(place, "early") or {})
        result.update(answer or {})
        shutil.rmtree(place, ignore_errors=True)
        return result

    def child(self, place, work):
        try:
            os.setsid()
            os.close(self.out)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            self.limit()
            os.environ["TMPDIR"] = place
            if "tempfile" in sys.modules:
                sys.modules["tempfile"].tempdir = None
            write(place, "answer", work(place))
        finally:
            # no clean-up of the tested code may hold us up, and no exception may reach the server's own stack
            os._exit(0)

    def limit(self):
        seconds = max(1, round(self.allowance_s + 0.5))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        size = self.order["memory_mb"] * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        try:
            with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                file.write("1000")
        except OSError:
            pass  # where memory runs out the kernel then chooses by size, which is most likely the same child

    def wait(self, pid):
        """Wait for the child; at the wall limit end it."""
        started = time.monotonic()
        status = "done"
        while True:
            done, code, usage = os.wait4(pid, os.WNOHANG)
            if done:
                if os.WIFSIGNALED(code):
                    is_cpu = os.WTERMSIG(code) == signal.SIGXCPU
                    status = "timeout" if is_cpu or status == "timeout" else "crashed"
                return status, usage, time.monotonic() - started
            left = self.order["timeout_s"] - (time.monotonic() - started)
            if left <= 0:
                status = "timeout"
                kill(pid)
                left = 1.0
            signal.sigtimedwait({signal.SIGCHLD}, min(left, 1.0))


def write(place, name, value):
    with open(os.path.join(place, name + ".part"), "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(os.path.join(place, name + ".part"), os.path.join(place, name))


def read(place, name):
    try:
        with open(os.path.join(place, name), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def kill(pid):
    for end in (lambda: os.killpg(pid, signal.SIGKILL), lambda: os.kill(pid, signal.SIGKILL)):
        try:
            end()
        except (ProcessLookupError, PermissionError):
            pass  # gone already, or no group of its own yet


def kill_strays():
    """End what a trial left running. Orphans are our children, because we are their subreaper."""
    while has_children():
        strays = descendants()
        for pid in strays:
            kill(pid)
        for pid in strays:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass  # its parent was another stray; it is ours in the next round


def has_children():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def descendants():
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    # the command's name stands in parentheses and may hold anything
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(name))
    found = children.get(os.getpid(), [])
    for pid in found:
        found += children.get(pid, [])
    return found


def foreign_modules(own):
    """Modules loaded from outside our own folders, in order; those that pytest rewrites must be loaded by it."""
    names = []
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        file = getattr(module, "__file__", None)
        is_plain = file and spec is not None and spec.name == name
        if is_plain and not file.startswith(own) and type(spec.loader).__name__ != "AssertionRewritingHook":
            names.append(name)
    return names


def load(name):
    try:
        __import__(name)
    except BaseException:
        sys.modules.pop(name, None)


def main():
    lines = sys.stdin.buffer.read().split(b"\n")
    order, candidates = json.loads(lines[0]), [json.loads(line) for line in lines[1:] if line]
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.chdir(order["root"])
    sys.path[0] = order["root"]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    server = Server(order, out)
    if server.warm_up():
        server.serve(candidates)
    server.say(event="end")


main()
