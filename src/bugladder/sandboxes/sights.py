"""Decides what of the machine a local session sees: the system, read-only, without its installed packages."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from bugladder.records import Guest
from bugladder.sandboxes.environments import provision

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SYSTEM_FILES = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone", "/etc/alternatives",
    "/etc/ssl/certs", "/etc/ca-certificates", "/etc/mime.types", "/etc/services", "/etc/protocols",
)  # fmt: skip
# Installed packages of the machine: a later release of the library under repair could stand among them.
_MASKED = ("/usr/lib/python3/dist-packages", "/usr/share/python-wheels", "/usr/local/share", "/usr/src")
_PACKAGES = ("site-packages", "dist-packages", "ensurepip")


def shown_system() -> tuple[str, ...]:
    """The system's folders and files, and the interpreter's where it stands elsewhere; each "outside<TAB>inside"."""
    prefix = os.path.realpath(sys.base_prefix)
    own = () if prefix == "/usr" or prefix.startswith("/usr/") else (prefix,)
    return tuple(f"{path}\t{path}" for path in (*_SYSTEM, *_SYSTEM_FILES, *own))


def shown_guest(guest: Guest | None, cache: Path) -> tuple[str, ...]:
    """A guest's environment and socket, as `shown_system` has them."""
    if guest is None:
        return ()
    folder = f"{provision(guest.requirements, cache).resolve()}\t{Guest.FOLDER}"
    return (folder, f"{guest.socket}\t{Guest.SOCKET}") if guest.socket else (folder,)


def masked() -> tuple[str, ...]:
    """Folders that look empty inside."""
    version = f"python{sysconfig.get_python_version()}"
    library = f"{os.path.realpath(sys.base_prefix)}/lib/{version}"
    local = f"/usr/local/lib/{version}"
    return (*_MASKED, *(f"{base}/{name}" for base in (library, local) for name in _PACKAGES))
