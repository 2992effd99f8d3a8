"""Runs inside the sandbox and prints, one JSON line a place, all that a solver's command can see there."""

import base64
import json
import os
import stat
import subprocess
import sys

BY_NAME = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/env", "/tools", sys.base_prefix)
MOST = 4 << 20


def tell(place, content):
    print(json.dumps([place, base64.b64encode(content).decode()]))


def read(path):
    try:
        # a terminal or a pipe would keep us waiting
        if not stat.S_ISREG(os.stat(path).st_mode):
            return b""
        with open(path, "rb") as stream:
            return stream.read(MOST)
    except OSError:
        return b""


def is_by_name(path):
    return any(path == top or path.startswith(top + "/") for top in BY_NAME)


def files():
    names = []
    for folder, folders, found in os.walk("/"):
        if folder == "/":
            folders[:] = [f for f in folders if f not in ("proc", "sys", "dev")]
        names += [os.path.join(folder, name) for name in [*folders, *found]]
        for path in (os.path.join(folder, name) for name in found):
            if not is_by_name(path):
                tell("file " + path, link(path) or read(path))
        if {"HEAD", "objects"} <= {*folders, *found}:
            git(folder)
    tell("names", "\n".join(names).encode("utf-8", "surrogateescape"))
    for folder, _, found in os.walk("/dev"):
        for path in (os.path.join(folder, name) for name in found):
            tell("file " + path, read(path))


def git(folder):
    base = ["git", "-c", "safe.directory=*", "--git-dir=" + folder]
    listed = subprocess.run(
        [*base, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"], capture_output=True, check=False
    )
    shown = subprocess.run([*base, "cat-file", "--batch"], input=listed.stdout, capture_output=True, check=False)
    tell("git " + folder, shown.stdout)


def processes():
    for number in [n for n in os.listdir("/proc") if n.isdigit()]:
        base = "/proc/" + number
        for name in ("environ", "cmdline", "comm", "maps", "mountinfo", "status"):
            tell(f"proc {name} {number}", read(f"{base}/{name}"))
        for name in ("cwd", "root", "exe"):
            tell(f"proc {name} {number}", link(f"{base}/{name}"))
        for fd in listing(base + "/fd"):
            tell(f"proc fd {number} {fd}", link(f"{base}/fd/{fd}"))
            if link(f"{base}/fd/{fd}").startswith(b"/"):
                tell(f"proc fd content {number} {fd}", read(f"{base}/fd/{fd}"))


def listing(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def link(path):
    try:
        return os.fsencode(os.readlink(path))
    except OSError:
        return b""


files()
processes()
tell("environment", "\0".join(f"{k}={v}" for k, v in os.environ.items()).encode("utf-8", "surrogateescape"))
