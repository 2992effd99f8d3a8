"""Decides what of this machine a container sees: provisioned environments and the interpreter they were made with."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path, PurePosixPath

from bugladder.records import Guest, sha256_text
from bugladder.sandboxes.environments import provision
from bugladder.sandboxes.session import base_interpreter
from bugladder.sandboxes.trees import write_whole

# Installed packages of the image: a later release of the library under repair could stand among them.
_MASKED = ("/usr/lib/python3/dist-packages", "/usr/share/python-wheels", "/usr/local/share", "/usr/src")
_HOMES = ("/root", "/home")

Shown = tuple[tuple[str, str], ...]


def interpreter(cache: Path) -> tuple[str, Shown, tuple[str, ...]]:
    """Our interpreter, what shows it inside at its own path, and the folders that are hidden with it.

    One that belongs to the system (/usr) is not shown: the image has to have the same.
    """
    path, prefix = base_interpreter(), os.path.realpath(sys.base_prefix)
    if prefix == "/usr" or prefix.startswith("/usr/"):
        return path, (), ()
    library = Path(prefix, "lib", f"python{sysconfig.get_python_version()}")
    own = [str(library / name) for name in ("site-packages", "dist-packages", "ensurepip") if (library / name).is_dir()]
    return path, (*_way(prefix, cache), (prefix, prefix)), tuple(own)


def _way(prefix: str, cache: Path) -> Shown:
    """An open folder in the place of an image's homes, which are closed to the session's user."""
    top = f"/{PurePosixPath(prefix).parts[1]}"
    if top not in _HOMES:
        return ()
    folder = cache / "tmp" / f"way-{sha256_text(prefix)[:16]}"
    (folder / PurePosixPath(prefix).relative_to(top)).mkdir(parents=True, exist_ok=True)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    return ((str(folder), top),)


def masked() -> tuple[str, ...]:
    """Folders of an image whose installed packages a session must not see."""
    local = f"/usr/local/lib/python{sysconfig.get_python_version()}"
    return (*_MASKED, f"{local}/site-packages", f"{local}/dist-packages")


def accounts(cache: Path, user: int, home: str) -> Shown:
    """A passwd and a group file that know root and the session's user."""
    folder = cache / "tmp" / f"etc-{user}"
    texts = {
        "passwd": f"root:x:0:0:root:/root:/bin/sh\nsolver:x:{user}:{user}:solver:{home}:/bin/sh\n",
        "group": f"root:x:0:\nsolver:x:{user}:\n",
    }
    for name, text in texts.items():
        if not (folder / name).is_file():
            write_whole(folder / name, text.encode())
    return account_files(folder)


def account_files(folder: Path) -> Shown:
    """The passwd and group file that stand in a folder."""
    return tuple((str(folder / name), f"/etc/{name}") for name in ("passwd", "group"))


def guest_shown(guest: Guest | None, cache: Path) -> tuple[Shown, tuple[str, ...]]:
    """What shows a guest's environment and socket, and the folders that are hidden for its interpreter."""
    if guest is None:
        return (), ()
    _, python, hidden = interpreter(cache)
    folder = (str(provision(guest.requirements, cache).resolve()), Guest.FOLDER)
    socket = ((guest.socket, Guest.SOCKET),) if guest.socket else ()
    return (folder, *python, *socket), hidden
