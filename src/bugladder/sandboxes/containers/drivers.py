"""Decides which driver a container belongs to, and whether that driver is over."""

from __future__ import annotations

import contextlib
import os
import platform
from functools import lru_cache
from pathlib import Path

import psutil

_CLOCK_S = 2.0


@lru_cache(maxsize=1)
def _here() -> str:
    """This machine since its last start, and the space in which a pid means something."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with contextlib.suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return "|".join(parts)


def driver_mark() -> str:
    """This process as a label: where, pid and start time, so that a pid taken over by another is told apart."""
    return f"{_here()}|{os.getpid()}|{psutil.Process().create_time():.2f}"


def is_over(mark: str) -> bool | None:
    """Whether the driver of a mark has ended; None where this process cannot tell."""
    place, _, rest = mark.rpartition("|")
    place, _, pid = place.rpartition("|")
    if place != _here() or not pid.isdigit():
        return None
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(rest)) > _CLOCK_S
    except psutil.NoSuchProcess:
        return True
    except (psutil.AccessDenied, ValueError):
        return None
