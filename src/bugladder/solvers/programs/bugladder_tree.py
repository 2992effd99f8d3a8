"""Puts a repository's files back to what they were, whatever a candidate did to them; runs inside the sandbox."""

import os
import shutil
import stat


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
