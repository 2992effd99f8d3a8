"""Lays the packed tree, the overlay and the metadata, and takes a folder away again."""

import os
import struct


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


def fill(setup, place, tree):
    """Lay meta as ourselves and the tree as the session's user, so that no owner has to be changed."""
    uid = place["uid"]
    lay(setup[b"meta"], place["meta"])
    if uid is not None:
        for path in place["owned"]:
            os.chmod(path, 0o700)
            os.chown(path, uid, uid)
        os.setegid(uid)
        os.seteuid(uid)
    try:
        lay(tree, place["root"])
        lay(setup[b"overlay"], place["root"])
    finally:
        if uid is not None:
            os.seteuid(0)
            os.setegid(0)


def remove_folder(path):
    """Whatever a command left there, folders without permissions included."""
    os.chmod(path, 0o700)
    with os.scandir(path) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                remove_folder(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(path)
