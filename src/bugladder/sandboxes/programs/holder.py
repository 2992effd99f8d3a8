"""Pid 1 of a sandbox: closes the world around itself, unpacks the tree, then runs one command after the other.

Started by bugladder.sandboxes.session with one socket as standard input; runs on the standard library alone and
imports only what is written in C, since its start is paid for by every session. Ends with the socket.
"""

import _signal
import _socket
import ctypes
import errno
import fcntl
import os
import resource
import select
import struct
import sys
import time

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 1024, 2048, 4096, 16384, 1 << 18, 1 << 21
KEPT_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME
ST_RELATIME = 4096
MNT_DETACH = 2
NEW_MOUNTS, NEW_CGROUP, NEW_NAMES, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NET = 0x10000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
CONTROL = 0
TICK_S = 0.05
BLOCK = 1 << 16

libc = ctypes.CDLL(None, use_errno=True)


class NoNamespacesError(Exception):
    """This machine does not let us close the world."""


class SessionEndedError(Exception):
    """The driver is gone, or wants the session to be over."""


# --- frames: count, then length and bytes of each field; the same as in session.py


def read_exactly(size):
    parts = []
    while size:
        block = os.read(CONTROL, min(size, 1 << 20))
        if not block:
            raise SessionEndedError
        parts.append(block)
        size -= len(block)
    return b"".join(parts)


def receive():
    (count,) = struct.unpack("!I", read_exactly(4))
    lengths = struct.unpack(f"!{count}Q", read_exactly(8 * count))
    return [read_exactly(length) for length in lengths]


def send(*fields):
    head = struct.pack(f"!I{len(fields)}Q", len(fields), *map(len, fields))
    for data in (head, *fields):
        view = memoryview(data)
        while view:
            view = view[os.write(CONTROL, view) :]


def listed(field):
    return field.decode("utf-8", "surrogateescape").split("\0") if field else []


# --- closing the world


def check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind, flags, options=""):
    texts = [os.fsencode(t) if t else None for t in (source, target, kind)]
    check(libc.mount(*texts, ctypes.c_ulong(flags), options.encode() or None), f"mount {target}")


def write_text(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(fd, text.encode())
    os.close(fd)


def unshare_world(has_root):
    flags = NEW_MOUNTS | NEW_CGROUP | NEW_NAMES | NEW_IPC | NEW_PIDS | NEW_NET
    uid, gid = os.getuid(), os.getgid()
    try:
        check(libc.unshare(flags if has_root else flags | NEW_USER), "unshare")
        if not has_root:
            write_text("/proc/self/setgroups", "deny")
            write_text("/proc/self/uid_map", f"1000 {uid} 1")
            write_text("/proc/self/gid_map", f"1000 {gid} 1")
    except OSError as error:
        raise NoNamespacesError(error.strerror) from error


def session_user():
    """A uid of our own, unique among live sessions because our pid is; None where the user may not be changed."""
    if os.getuid() != 0:
        return None
    with open("/proc/self/uid_map") as stream:
        spans = [tuple(map(int, line.split())) for line in stream]
    for first, room in ((1_000_000_000, 1 << 22), (10_000, 50_000)):
        if any(start <= first and first + room <= start + length for start, _, length in spans):
            return first + os.getpid() % room
    return None


def bind_read_only(source, target, recursive):
    mount(source, target, "", MS_BIND | (MS_REC if recursive else 0))
    flags = os.statvfs(target).f_flag
    kept = flags & KEPT_FLAGS | (MS_RELATIME if flags & ST_RELATIME else 0)
    mount("", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | kept)


def make_parents(path):
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)


def show(source, target, recursive):
    """Make a path of the old root visible, read-only; a link stays a link."""
    old = f"/oldroot{source}"
    if os.path.islink(old) and source == target:
        make_parents(target)
        os.symlink(os.readlink(old), target)
    elif os.path.isdir(old):
        os.makedirs(target, mode=0o755, exist_ok=True)
        bind_read_only(old, target, recursive)
    elif os.path.exists(old):
        make_parents(target)
        write_text(target, "")
        bind_read_only(old, target, recursive)


def build_root(setup, recursive):
    mount("", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755")
    os.chdir("/tmp")
    os.mkdir("oldroot")
    check(libc.pivot_root(b".", b"oldroot"), "pivot_root")
    os.chdir("/")
    for pair in listed(setup[b"shown"]):
        source, _, target = pair.partition("\t")
        show(source, target, recursive)
    os.makedirs("/.none", exist_ok=True)
    for path in listed(setup[b"masked"]):
        if os.path.isdir(path):
            bind_read_only("/.none", path, False)
    build_devices(recursive)
    for path in ("/proc", "/run", "/var"):
        os.makedirs(path, exist_ok=True)
    os.symlink("/tmp", "/var/tmp")
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=2")
    build_disk(setup)


def build_devices(recursive):
    os.mkdir("/dev", 0o755)
    for name in ("null", "zero", "full", "random", "urandom"):
        write_text(f"/dev/{name}", "")
        mount(f"/oldroot/dev/{name}", f"/dev/{name}", "", MS_BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")
    os.mkdir("/dev/pts", 0o755)
    mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    os.symlink("pts/ptmx", "/dev/ptmx")


def build_disk(setup):
    """One bounded tmpfs for all that a command may write, shown at several places."""
    os.mkdir("/.disk")
    room = int(setup[b"disk_bytes"])
    mount("tmpfs", "/.disk", "tmpfs", MS_NOSUID | MS_NODEV, f"size={room},nr_inodes={max(1000, room // 2048)},mode=755")
    places = ("testbed", "scratch", "tmp", "home/solver", "dev/shm")
    for number, place in enumerate(places):
        os.makedirs(f"/{place}", exist_ok=True)
        os.mkdir(f"/.disk/{number}", 0o777)
        os.chmod(f"/.disk/{number}", 0o1777 if place in {"tmp", "dev/shm"} else 0o777)
        mount(f"/.disk/{number}", f"/{place}", "", MS_BIND)
    check(libc.umount2(b"/.disk", MNT_DETACH), "umount /.disk")
    os.rmdir("/.disk")


def write_etc(uid):
    os.makedirs("/etc", exist_ok=True)
    me = 1000 if uid is None else uid
    write_text("/etc/passwd", f"root:x:0:0:root:/root:/bin/sh\nsolver:x:{me}:{me}:solver:/home/solver:/bin/sh\n")
    write_text("/etc/group", f"root:x:0:\nsolver:x:{me}:\n")
    write_text("/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n")
    write_text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    write_text("/etc/resolv.conf", "")


def seal_root():
    check(libc.umount2(b"/oldroot", MNT_DETACH), "umount the old root")
    os.rmdir("/oldroot")
    mount("", "/", "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def raise_loopback():
    control = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    flags = struct.unpack("16sh22x", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0)))[1]
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))
    control.close()
    check(libc.sethostname(b"sandbox", 7), "sethostname")


# --- the tree


def lay(packed, root):
    """Write packed files below root; the format is that of trees.py: path length, kind, size, path, content."""
    head = struct.Struct("!IBQ")
    view, at, made = memoryview(packed), 0, {root}
    while at < len(view):
        length, kind, size = head.unpack_from(view, at)
        at += head.size
        path = f"{root}/{bytes(view[at : at + length]).decode('utf-8', 'surrogateescape')}"
        at += length
        folder = path.rpartition("/")[0]
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        if kind == 2:
            remove(path)
        else:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o755 if kind == 1 else 0o644)
            write_all(fd, view[at : at + size])
            os.close(fd)
        at += size


def write_all(fd, view):
    while view:
        view = view[os.write(fd, view) :]


def remove(path):
    try:
        os.unlink(path)
    except (FileNotFoundError, IsADirectoryError):
        return


def fill(setup, place, old_root):
    """Lay meta as ourselves and the tree as the session's user, so that no owner has to be changed."""
    uid = place["uid"]
    lay(setup[b"meta"], place["meta"])
    with open(f"{old_root}{setup[b'tree'].decode()}", "rb") as stream:
        tree = stream.read()
    if uid is not None:
        for path in (place["root"], place["scratch"], place["home"]):
            os.chown(path, uid, uid)
            os.chmod(path, 0o700)
        os.setegid(uid)
        os.seteuid(uid)
    try:
        lay(tree, place["root"])
        lay(setup[b"overlay"], place["root"])
    finally:
        if uid is not None:
            os.seteuid(0)
            os.setegid(0)


# --- commands


def processes(is_closed):
    """Pids of everything in the session but us."""
    numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    me = os.getpid()
    if is_closed:
        return [n for n in numbers if n != me]
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


def kill_everything(is_closed):
    """As pid 1 one signal reaches all at once; without that, sweep until no descendant is left."""
    if is_closed:
        try:
            os.kill(-1, _signal.SIGKILL)
        except ProcessLookupError:
            pass
        reap(0)
        return
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


class Pump:
    """Moves one command's input and output, bounded, until its process has ended."""

    def __init__(self, pid, pipes, stdin, limit):
        self.pid, self.stdin, self.limit = pid, memoryview(stdin), limit
        self.in_fd, self.out_fd, self.err_fd = pipes
        self.kept = {self.out_fd: [], self.err_fd: []}
        self.room = {self.out_fd: limit, self.err_fd: limit}
        self.truncated = False
        self.poll = select.poll()
        self.pid_fd = os.pidfd_open(pid)
        self.poll.register(self.pid_fd, select.POLLIN)
        self.poll.register(CONTROL, 0)
        for fd in pipes:
            os.set_blocking(fd, False)
        self.poll.register(self.out_fd, select.POLLIN)
        self.poll.register(self.err_fd, select.POLLIN)
        self.open = {self.out_fd, self.err_fd}
        if self.stdin:
            self.open.add(self.in_fd)
            self.poll.register(self.in_fd, select.POLLOUT)
        else:
            os.close(self.in_fd)

    def step(self, wait_s):
        """Move what is there; True once the process has ended."""
        ended = False
        for fd, _ in self.poll.poll(wait_s * 1000):
            if fd == CONTROL:
                raise SessionEndedError
            if fd == self.pid_fd:
                ended = True
            elif fd == self.in_fd:
                self.feed()
            else:
                self.take(fd)
        return ended

    def feed(self):
        try:
            self.stdin = self.stdin[os.write(self.in_fd, self.stdin[:BLOCK]) :]
        except BlockingIOError:
            return
        except OSError:
            self.stdin = self.stdin[:0]
        if not self.stdin:
            self.drop(self.in_fd)

    def take(self, fd):
        """Read one block; False when there is nothing more for now."""
        try:
            block = os.read(fd, BLOCK)
        except BlockingIOError:
            return False
        if not block:
            self.drop(fd)
            return False
        self.truncated |= len(block) > self.room[fd]
        block = block[: self.room[fd]]
        self.room[fd] -= len(block)
        self.kept[fd].append(block)
        return True

    def drop(self, fd):
        self.poll.unregister(fd)
        self.open.discard(fd)
        os.close(fd)

    def finish(self):
        for fd in (self.out_fd, self.err_fd):
            while fd in self.open and self.take(fd):
                pass
        for fd in list(self.open):
            self.drop(fd)
        os.close(self.pid_fd)
        return b"".join(self.kept[self.out_fd]), b"".join(self.kept[self.err_fd])


def start(place, argv, env, cwd):
    """Fork and execute; returns the pid and our ends of its three pipes."""
    in_r, in_w = os.pipe()
    out_r, out_w = os.pipe()
    err_r, err_w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for fd, number in ((in_r, 0), (out_w, 1), (err_w, 2)):
                os.dup2(fd, number)
            become_command(place)
            os.chdir(cwd)
            os.execvpe(argv[0], argv, env)
        except OSError as error:
            words = f"sandbox: {argv[0]} could not be started in {cwd}: {error.strerror}\n"
            os.write(2, words.encode("utf-8", "surrogateescape"))
        except BaseException as error:
            os.write(2, f"sandbox: {error!r}\n".encode("utf-8", "surrogateescape"))
        finally:
            os._exit(127)
    for fd in (in_r, out_w, err_w):
        os.close(fd)
    return pid, (in_w, out_r, err_r)


def become_command(place):
    os.setsid()
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGINT):
        _signal.signal(number, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    try:
        # where the machine runs out of memory, the command goes and not the driver
        write_text("/proc/self/oom_score_adj", "1000")
    except OSError:
        pass
    for kind, soft, hard in place["limits"]:
        resource.setrlimit(kind, (soft, hard))
    uid = place["uid"]
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


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
    cpu, began = used_cpu(), time.monotonic()
    pid, pipes = start(place, listed(fields[3]), env, cwd)
    pump = Pump(pid, pipes, fields[5], limit)
    timed_out, words = pump_until_end(pump, place, began + timeout_s)
    # read without reaping, so that the kill below still finds the pid ours
    status = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    code = None if status is None else status.si_status * (1 if status.si_code == os.CLD_EXITED else -1)
    kill_everything(place["is_closed"])
    wall = time.monotonic() - began
    out, err = pump.finish()
    code = -_signal.SIGKILL if code is None else code
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


# --- the session


def limits(setup, is_counted):
    memory, cpu, size = (int(setup[name]) for name in (b"memory_bytes", b"cpu_s", b"file_bytes"))
    found = [
        (resource.RLIMIT_AS, memory, memory), (resource.RLIMIT_CPU, cpu, cpu + 1), (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, size, size), (resource.RLIMIT_NOFILE, 1024, 1024),
    ]  # fmt: skip
    if is_counted:
        found.append((resource.RLIMIT_NPROC, int(setup[b"processes"]), int(setup[b"processes"])))
    return found


def place_of(setup, is_closed, uid, can_count):
    base = "" if is_closed else setup[b"folder"].decode()
    return {
        "is_closed": is_closed, "uid": uid, "root": f"{base}/testbed", "scratch": f"{base}/scratch",
        "home": f"{base}/home/solver", "meta": f"{base}/meta", "memory_bytes": int(setup[b"memory_bytes"]),
        "processes": int(setup[b"processes"]), "limits": limits(setup, can_count), "is_counted": can_count,
    }  # fmt: skip


def hold_closed(setup, uid, is_root):
    """In the first process of the new pid namespace."""
    libc.prctl(PR_SET_PDEATHSIG, _signal.SIGKILL, 0, 0, 0)
    # a limit on processes never binds for the real root, whatever it is called in here
    place = place_of(setup, True, uid, uid is not None or not is_root)
    try:
        build_root(setup, uid is None)
        write_etc(uid)
        raise_loopback()
    except OSError as error:
        raise NoNamespacesError(str(error)) from error
    os.mkdir("/meta", 0o755)
    fill(setup, place, "/oldroot")
    seal_root()
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    send(b"ready", b"closed", b"rlimit" if place["is_counted"] else b"watch")
    serve(place)


def hold_open(setup):
    libc.prctl(PR_SET_SUBREAPER, 1, 0, 0, 0)
    place = place_of(setup, False, None, False)
    for name in ("testbed", "scratch", "home/solver", "meta", "tmp"):
        os.makedirs(f"{setup[b'folder'].decode()}/{name}", mode=0o700, exist_ok=True)
    fill(setup, place, "")
    send(b"ready", b"open", b"watch")
    serve(place)


def remove_folder(path):
    for base, folders, files in os.walk(path, topdown=False):
        for name in files:
            remove(os.path.join(base, name))
        for name in folders:
            full = os.path.join(base, name)
            try:
                os.unlink(full) if os.path.islink(full) else os.rmdir(full)
            except OSError:
                continue
    try:
        os.rmdir(path)
    except OSError:
        return


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
