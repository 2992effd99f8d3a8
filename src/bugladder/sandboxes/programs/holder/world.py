"""Closes the world: namespaces, then a root of our own in which only what the driver names is there, read-only."""

import _socket
import fcntl
import os
import struct

import kernel
from kernel import check, libc, mount, write_text
from wire import listed

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


class NoNamespacesError(Exception):
    """This machine does not let us close the world."""


def unshare_world(has_root):
    flags = kernel.NEW_MOUNTS | kernel.NEW_CGROUP | kernel.NEW_NAMES | kernel.NEW_IPC | kernel.NEW_PIDS | kernel.NEW_NET
    uid, gid = os.getuid(), os.getgid()
    try:
        check(libc.unshare(flags if has_root else flags | kernel.NEW_USER), "unshare")
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
    mount(source, target, "", kernel.MS_BIND | (kernel.MS_REC if recursive else 0))
    flags = os.statvfs(target).f_flag
    kept = flags & kernel.KEPT_FLAGS | (kernel.MS_RELATIME if flags & kernel.ST_RELATIME else 0)
    mount("", target, "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kept)


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
    elif source != target:
        raise OSError(f"{source} is not there to be shown as {target}")


def build_root(setup, recursive):
    mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    # the new root is laid over a place that nothing shown lies below: a project may well stand in /tmp
    mount("tmpfs", "/sys", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=16m,mode=755")
    os.chdir("/sys")
    os.mkdir("oldroot")
    kernel.pivot_root(".", "oldroot")
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
    mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, "hidepid=2")
    build_disk(setup)


def build_devices(recursive):
    os.mkdir("/dev", 0o755)
    for name in ("null", "zero", "full", "random", "urandom"):
        write_text(f"/dev/{name}", "")
        mount(f"/oldroot/dev/{name}", f"/dev/{name}", "", kernel.MS_BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")
    os.mkdir("/dev/pts", 0o755)
    mount("devpts", "/dev/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    os.symlink("pts/ptmx", "/dev/ptmx")


def build_disk(setup):
    """One bounded tmpfs for all that a command may write, shown at several places."""
    os.mkdir("/.disk")
    room = int(setup[b"disk_bytes"])
    mount(
        "tmpfs",
        "/.disk",
        "tmpfs",
        kernel.MS_NOSUID | kernel.MS_NODEV,
        f"size={room},nr_inodes={max(1000, room // 2048)},mode=755",
    )
    places = ("testbed", "scratch", "tmp", "home/solver", "dev/shm")
    for number, place in enumerate(places):
        os.makedirs(f"/{place}", exist_ok=True)
        os.mkdir(f"/.disk/{number}", 0o777)
        os.chmod(f"/.disk/{number}", 0o1777 if place in {"tmp", "dev/shm"} else 0o777)
        mount(f"/.disk/{number}", f"/{place}", "", kernel.MS_BIND)
    kernel.unmount("/.disk")
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
    kernel.unmount("/oldroot")
    os.rmdir("/oldroot")
    mount("", "/", "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV)


def raise_loopback():
    control = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    flags = struct.unpack("16sh22x", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0)))[1]
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))
    control.close()
    check(libc.sethostname(b"sandbox", 7), "sethostname")
