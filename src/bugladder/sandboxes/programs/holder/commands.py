"""Runs one command: fork, drop every privilege, execute, pump, and end all that it started."""

import _signal
import os
import resource
import time

import kernel
from census import kill_everything, oom_kills, private_bytes, processes
from pump import Pump
from wire import SessionEndedError, listed, receive, send

TICK_S = 0.05


def limits(setup, is_counted):
    memory, cpu, size = (int(setup[name]) for name in (b"memory_bytes", b"cpu_s", b"file_bytes"))
    found = [
        (resource.RLIMIT_AS, memory, memory), (resource.RLIMIT_CPU, cpu, cpu + 1), (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, size, size), (resource.RLIMIT_NOFILE, 1024, 1024),
    ]  # fmt: skip
    if is_counted:
        found.append((resource.RLIMIT_NPROC, int(setup[b"processes"]), int(setup[b"processes"])))
    return found


def start(place, argv, env, cwd):
    """Fork and execute; returns the pid, our ends of its three pipes, and a pipe that tells of a failed preparation."""
    in_r, in_w = os.pipe()
    out_r, out_w = os.pipe()
    err_r, err_w = os.pipe()
    fail_r, fail_w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for fd, number in ((in_r, 0), (out_w, 1), (err_w, 2)):
                os.dup2(fd, number)
            become_command(place)
        except BaseException as error:
            # the sandbox's own failure, not the command's
            os.write(fail_w, repr(error).encode())
            os._exit(126)
        execute(argv, env, cwd)
    for fd in (in_r, out_w, err_w, fail_w):
        os.close(fd)
    return pid, (in_w, out_r, err_r), fail_r


def execute(argv, env, cwd):
    try:
        os.chdir(cwd)
        os.execvpe(argv[0], argv, env)
    except (OSError, ValueError) as error:
        words = f"sandbox: {argv[0]} could not be started in {cwd}: {error}\n"
        os.write(2, words.encode("utf-8", "surrogateescape"))
    finally:
        os._exit(127)


def become_command(place):
    os.setsid()
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGINT):
        _signal.signal(number, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    try:
        # where the machine runs out of memory, the command goes and not the driver
        kernel.write_text("/proc/self/oom_score_adj", "1000")
    except OSError:
        pass
    for kind, soft, hard in place["limits"]:
        resource.setrlimit(kind, (soft, hard))
    uid = place["uid"]
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def over_limit(place):
    """The words for a session that holds too much, or nothing."""
    numbers = processes(place["is_closed"])
    if private_bytes(numbers) > place["memory_bytes"]:
        return f"sandbox: over {place['memory_bytes'] >> 20} MB of memory in all its processes, killed\n"
    if not place["is_counted"] and len(numbers) > place["processes"]:
        return f"sandbox: over {place['processes']} processes, killed\n"
    return ""


def pump_until_end(pump, place, deadline):
    """Returns whether the time ran out and what a limit said."""
    next_look = time.monotonic() + TICK_S
    while True:
        now = time.monotonic()
        if now >= deadline:
            return True, ""
        if pump.step(max(0.001, min(deadline, next_look) - now)):
            return False, ""
        if time.monotonic() >= next_look:
            words = over_limit(place)
            if words:
                return False, words
            next_look = time.monotonic() + TICK_S


def used_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(place, fields):
    timeout_s, limit, cwd = float(fields[0]), int(fields[1]), fields[2].decode("utf-8", "surrogateescape")
    env = dict(item.split("=", 1) for item in listed(fields[4]))
    cpu, ooms, began = used_cpu(), oom_kills(place["memory_events"]), time.monotonic()
    pid, pipes, fail_fd = start(place, listed(fields[3]), env, cwd)
    pump = Pump(pid, pipes, fields[5], limit)
    timed_out, words = pump_until_end(pump, place, began + timeout_s)
    # read without reaping, so that the kill below still finds the pid ours
    status = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    code = None if status is None else status.si_status * (1 if status.si_code == os.CLD_EXITED else -1)
    kill_everything(place["is_closed"], pid)
    wall = time.monotonic() - began
    out, err = pump.finish()
    failure = os.read(fail_fd, 4096)
    os.close(fail_fd)
    if failure:
        raise OSError(failure.decode())
    code = -_signal.SIGKILL if code is None else code
    if oom_kills(place["memory_events"]) > ooms:
        words += f"sandbox: over {place['memory_bytes'] >> 20} MB of memory, a process was killed\n"
    send(
        b"done", b"" if timed_out else b"%d" % code, b"1" if pump.truncated else b"",
        repr(wall).encode(), repr(used_cpu() - cpu).encode(), out, err + words.encode(),
    )  # fmt: skip


def serve(place):
    while True:
        name, *fields = receive()
        if name != b"run":
            raise SessionEndedError
        run(place, fields)
