"""Pid 1 of a sandbox: closes the world around itself, unpacks the tree, then runs one command after the other.

Started by session.py with one socket as standard input; everything here runs on the standard library alone and
imports little but what is written in C, since its start is paid for by every session. Ends with the socket.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import _signal
import errno

import kernel
from census import kill_everything
from commands import limits, serve
from tree import fill, remove_folder
from wire import CONTROL, SessionEndedError, receive, send
from world import NoNamespacesError, build_root, raise_loopback, seal_root, session_user, unshare_world, write_etc


def place_of(setup, is_closed, uid, can_count):
    base = "" if is_closed else setup[b"folder"].decode()
    root = f"{base}/testbed"
    return {
        "is_closed": is_closed, "uid": uid, "root": root, "meta": f"{base}/meta",
        "owned": (root, f"{base}/scratch", f"{base}/home/solver"), "memory_bytes": int(setup[b"memory_bytes"]),
        "processes": int(setup[b"processes"]), "limits": limits(setup, can_count), "is_counted": can_count,
        "memory_events": (),
    }  # fmt: skip


def packed(setup, old_root):
    with open(f"{old_root}{setup[b'tree'].decode()}", "rb") as stream:
        return stream.read()


def hold_closed(setup, uid, is_root):
    """In the first process of the new pid namespace."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, _signal.SIGKILL)
    # a limit on processes never binds for the real root, whatever it is called in here
    place = place_of(setup, True, uid, uid is not None or not is_root)
    try:
        build_root(setup, uid is None)
        write_etc(uid)
        raise_loopback()
    except OSError as error:
        raise NoNamespacesError(str(error)) from error
    os.mkdir("/meta", 0o755)
    fill(setup, place, packed(setup, "/oldroot"))
    seal_root()
    # the change of user while filling has cleared it
    kernel.prctl(kernel.PR_SET_PDEATHSIG, _signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    send(b"ready", b"closed", b"rlimit" if place["is_counted"] else b"watch")
    serve(place)


def hold_open(setup):
    kernel.prctl(kernel.PR_SET_SUBREAPER, 1)
    place = place_of(setup, False, None, False)
    for name in ("testbed", "scratch", "home/solver", "meta", "tmp"):
        os.makedirs(f"{setup[b'folder'].decode()}/{name}", mode=0o700, exist_ok=True)
    fill(setup, place, packed(setup, ""))
    send(b"ready", b"open", b"watch")
    serve(place)


def guarded(work, *args):
    """True where the work was done; what goes wrong is told to the driver while it still listens."""
    try:
        work(*args)
    except SessionEndedError:
        pass
    except NoNamespacesError as error:
        send(b"failed", b"namespaces", str(error).encode())
    except OSError as error:
        kind = b"disk" if error.errno == errno.ENOSPC else b"system"
        send(b"failed", kind, str(error).encode("utf-8", "surrogateescape"))
    else:
        return True
    return False


def main():
    os.umask(0o022)
    fields = receive()
    setup = dict(zip(fields[::2], fields[1::2], strict=True))
    if setup[b"mode"] == b"open":
        try:
            guarded(hold_open, setup)
        finally:
            kill_everything(False)
            remove_folder(setup[b"folder"].decode())
        return
    uid, is_root = session_user(), os.getuid() == 0
    if not guarded(unshare_world, uid is not None):
        return
    pid = os.fork()
    if pid == 0:
        try:
            guarded(hold_closed, setup, uid, is_root)
        finally:
            os._exit(0)
    os.close(CONTROL)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    try:
        main()
    except OSError:
        sys.exit(1)
