"""Counts and ends the processes of a session."""

import _signal
import os
import resource
import time


def processes(is_closed):
    """Pids of everything in the session but us."""
    numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    me = os.getpid()
    if is_closed:
        # pid 1 is us, or the one that holds us
        return [n for n in numbers if n not in {1, me}]
    parents = {}
    for number in numbers:
        try:
            with open(f"/proc/{number}/stat", "rb") as stream:
                parents[number] = int(stream.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found = {me}
    while True:
        more = {n for n, p in parents.items() if p in found and n not in found}
        if not more:
            return sorted(found - {me})
        found |= more


def oom_kills(paths):
    """How many processes of the control group the kernel has killed for memory, by the first file that tells it."""
    for path in paths:
        try:
            with open(path, "rb") as stream:
                counts = dict(line.split() for line in stream if len(line.split()) == 2)
        except OSError:
            continue
        return int(counts.get(b"oom_kill", 0))
    return 0


def private_bytes(numbers):
    pages = 0
    for number in numbers:
        try:
            with open(f"/proc/{number}/statm", "rb") as stream:
                fields = stream.read().split()
            pages += max(0, int(fields[1]) - int(fields[2]))
        except (OSError, ValueError, IndexError):
            continue
    return pages * resource.getpagesize()


def reap(flags):
    try:
        while True:
            pid, _ = os.waitpid(-1, flags)
            if pid == 0:
                return False
    except ChildProcessError:
        return True


def kill_everything(is_closed, group=None):
    """As pid 1 one signal reaches all at once; without that, one for the command's group, then sweeps for the rest.

    A sweep alone may never catch up with a fork bomb: it doubles while we look.
    """
    if is_closed:
        try:
            os.kill(-1, _signal.SIGKILL)
        except ProcessLookupError:
            pass
        reap(0)
        return
    if group is not None:
        try:
            os.killpg(group, _signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # it has ended, or never became a group of its own
            pass
    for _ in range(200):
        numbers = processes(False)
        for signal_number in (_signal.SIGSTOP, _signal.SIGKILL):
            for number in numbers:
                try:
                    os.kill(number, signal_number)
                except (ProcessLookupError, PermissionError):
                    continue
        if reap(os.WNOHANG):
            return
        time.sleep(0.01)
