"""Holds a session inside a container: its first program, beside the init process that the engine puts there.

Sent over standard input together with the holder's modules; requests come the same way, answers go to standard output.
It is root with no more than the rights to change its user, to signal and to give folders away; commands have none.
"""

import os

import kernel
import wire
from commands import limits, serve
from tree import fill
from wire import SessionEndedError, receive, send

MEMORY_EVENTS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


def place_of(setup):
    base, root = setup[b"base"].decode(), setup[b"root"].decode()
    folders = [f"{base}/scratch", f"{base}/home", f"{base}/tmp"]
    return {
        "is_closed": True, "uid": int(setup[b"uid"]), "root": root, "meta": f"{base}/meta",
        "owned": tuple(folders) if setup[b"archive"] else (*folders, root),
        "memory_bytes": int(setup[b"memory_bytes"]), "processes": int(setup[b"processes"]),
        "limits": limits(setup, False), "is_counted": True, "memory_events": MEMORY_EVENTS,
    }  # fmt: skip


def unpack(archive, place):
    """As the session's user, by the image's own tar."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(place["uid"], place["uid"], place["uid"])
            os.setresuid(place["uid"], place["uid"], place["uid"])
            os.execvpe("tar", ("tar", "-xpf", archive, "-C", place["root"]), {"PATH": "/usr/local/bin:/usr/bin:/bin"})
        finally:
            os._exit(127)
    _, status = os.waitpid(pid, 0)
    if status:
        raise OSError(f"the repository could not be unpacked (tar: {os.waitstatus_to_exitcode(status)})")


def hold():
    fields = receive()
    setup = {fields[i]: fields[i + 1] for i in range(0, len(fields), 2)}
    place = place_of(setup)
    kernel.prctl(kernel.PR_SET_SUBREAPER, 1)
    for path in (*place["owned"], place["meta"]):
        # in the place of an image's repository there is a disk already
        os.makedirs(path, 0o755, exist_ok=True)
    if setup[b"archive"]:
        os.chown(place["root"], place["uid"], place["uid"])
        unpack(setup[b"archive"].decode(), place)
    fill(setup, place, setup[b"tree"])
    send(b"ready")
    serve(place)


def main():
    os.umask(0o022)
    wire.ANSWERS = 1
    try:
        hold()
    except SessionEndedError:
        pass
    except OSError as error:
        send(b"failed", b"system", str(error).encode("utf-8", "surrogateescape"))
