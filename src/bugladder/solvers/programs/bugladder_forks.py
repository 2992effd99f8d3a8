"""Runs work in a fork with limits, and ends everything that the fork started; runs inside the sandbox."""

import ctypes
import json
import os
import resource
import shutil
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


class Forks:
    """Forks one child at a time. cpu_s bounds a child's CPU and timeout_s its wall seconds; `out` is closed in it."""

    def __init__(self, order, out):
        self.scratch = order["scratch"]
        self.memory_mb = order["memory_mb"]
        self.timeout_s = order["timeout_s"]
        self.cpu_s = self.timeout_s
        self.out = out
        # orphans of a child become ours, so that they can be found and ended
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})

    def run(self, work):
        """Run work in a fork; its answer comes by a file, which outlives closed descriptors."""
        place = os.path.join(self.scratch, "trial-" + os.urandom(8).hex())
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
        seconds = max(1, round(self.cpu_s + 0.5))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        size = self.memory_mb * 1024 * 1024
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
            left = self.timeout_s - (time.monotonic() - started)
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
