"""Decides what a container may see and use, and how it is labelled: no network, no rights, bounded in everything."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from docker.types import Mount

from bugladder.sandboxes.containers.drivers import driver_mark

# What the holder needs to hand a session to its user and to end it; commands run without any.
_HOLDER_RIGHTS = ("CHOWN", "KILL", "SETGID", "SETUID")
# The holder and the init process, beside what a session may start.
_OWN_PROCESSES = 2
_OWN_MEMORY = 128 << 20
# Where all that a session may write stands, but for an image's repository; bounded, and gone with the container.
BASE = "/disk"
USER = 54321
"""The session's user inside: nobody's number in usual images."""
LABEL = "bugladder"
DRIVER = f"{LABEL}.driver"


@dataclass(frozen=True)
class Allowance:
    """Bounds of a session, in bytes, numbers and seconds."""

    memory_bytes: int
    processes: int
    cpus: float
    cpu_s: int
    file_bytes: int
    disk_bytes: int

    def fields(self) -> dict[bytes, bytes]:
        """As the holder takes them."""
        return {
            b"memory_bytes": b"%d" % self.memory_bytes,
            b"processes": b"%d" % self.processes,
            b"cpu_s": b"%d" % self.cpu_s,
            b"file_bytes": b"%d" % self.file_bytes,
        }


@dataclass(frozen=True)
class Container:
    """One container that is to be made.

    Args:
        image: id or reference of an image that is there.
        command: its first program beside the init process; root, since it gives the rights away itself.
        allowance: its bounds.
        shown: (path outside, path inside), read-only.
        hidden: folders inside in whose place an empty one stands.
        repository: a folder of the image in whose place a disk like the session's own stands, or "".
        rights: capabilities of its first program.
        labels: run, phase and instance.
    """

    image: str
    command: tuple[str, ...]
    allowance: Allowance
    shown: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()
    repository: str = ""
    rights: tuple[str, ...] = _HOLDER_RIGHTS
    labels: Mapping[str, str] = field(default_factory=dict)

    def create(self, api: Any) -> str:
        """Make it, not yet started; its id. What the client raises goes up as it is."""
        host = api.create_host_config(**self._host())
        made = api.create_container(
            self.image,
            list(self.command),
            name=f"{LABEL}-{secrets.token_hex(8)}",
            hostname="sandbox",
            user="0:0",
            working_dir="/",
            stdin_open=True,
            network_disabled=True,
            entrypoint=[],
            healthcheck={"test": ["NONE"]},
            labels={**self.labels, DRIVER: driver_mark()},
            host_config=host,
        )
        return str(made["Id"])

    def _host(self) -> dict[str, Any]:
        bounds = self.allowance
        disks = {BASE: ("755", bounds.disk_bytes), "/tmp": ("1777", bounds.disk_bytes // 4)}  # noqa: S108 - inside
        if self.repository:
            disks[self.repository] = ("755", bounds.disk_bytes)
        # what is written to a disk inside counts as memory
        memory = bounds.memory_bytes + sum(size for _, size in disks.values()) + _OWN_MEMORY
        places = {path: _disk(mode, size) for path, (mode, size) in disks.items()}
        places |= dict.fromkeys(self.hidden, "ro,size=4k,mode=755")
        return {
            "init": True,
            "network_mode": "none",
            "mem_limit": memory,
            "memswap_limit": memory,
            "pids_limit": bounds.processes + _OWN_PROCESSES,
            "nano_cpus": int(bounds.cpus * 1e9),
            "security_opt": ["no-new-privileges"],
            "cap_drop": ["ALL"],
            "cap_add": list(self.rights),
            "read_only": True,
            "log_config": {"Type": "none"},
            "tmpfs": places,
            "mounts": [Mount(inside, outside, type="bind", read_only=True) for outside, inside in self.shown],
        }


def _disk(mode: str, size: int) -> str:
    # a file's entry takes memory too, beside what is in it
    return f"rw,exec,nosuid,nodev,mode={mode},size={size},nr_inodes={max(1000, size >> 13)}"
