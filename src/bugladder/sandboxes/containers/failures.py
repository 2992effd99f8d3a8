"""Decides what a failure around a container means and whose fault it is: a table of rules, the first match holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Who has failed: the machine (retried, then infra_error), or what ran in the sandbox."""

    MACHINE = "machine"
    CANDIDATE = "candidate"


@dataclass(frozen=True)
class FailureRule:
    """One kind of failure.

    Args:
        name: what the failure is called.
        sign: regular expression on the engine's words, on a container's last state or on a command's last line.
        fault: whose failure it is.
        advice: what it means and what would help, for a person.
    """

    name: str
    sign: str
    fault: Fault
    advice: str


# The engine spells it small, and an error of this machine's own Python has its number before it.
SESSION_DISK_FULL = FailureRule(
    "session_disk_full", r"(?-i:(?<!\[Errno 28\] )No space left on device)", Fault.CANDIDATE,
    "the session's own disk is full; sandbox.disk_mb says how large that is",
)  # fmt: skip

RULES = (
    FailureRule("memory", r"sandbox: over \d+ MB of memory|OOMKilled=True", Fault.CANDIDATE, "it used too much memory"),
    FailureRule(
        "processes", r"sandbox: over \d+ processes|\bfork: (retry: )?resource temporarily unavailable|\bcannot fork",
        Fault.CANDIDATE, "it started too many processes",
    ),
    SESSION_DISK_FULL,
    FailureRule(
        "disk_full", r"no space left on device|disk quota exceeded", Fault.MACHINE,
        "the engine's disk is full; free some, or set sandbox.images.budget_gb",
    ),
    FailureRule(
        "rate_limit", r"toomanyrequests|too many requests|rate limit", Fault.MACHINE,
        "the registry refuses more pulls for now; log in with `docker login`, or wait",
    ),
    FailureRule(
        "image_missing",
        r"no such image|manifest unknown|manifest for \S+ not found|pull access denied|repository \S+ not found"
        r"|name unknown",
        Fault.MACHINE, "the image is not there; check its name, or set sandbox.images.pull: missing",
    ),
    FailureRule(
        "registry_gone", r"dial tcp|no such host|i/o timeout|handshake timeout|server misbehaving|request canceled",
        Fault.MACHINE, "the image's registry cannot be reached",
    ),
    FailureRule(
        "mount_missing", r"bind source path does not exist|invalid mount config", Fault.MACHINE,
        "the engine does not see this machine's files; it must run on the same machine",
    ),
    FailureRule(
        "program_missing", r"executable file not found|oci runtime create failed|FATAL tini \(\d+\)\] exec",
        Fault.MACHINE, "the image lacks a program that the session needs",
    ),
    FailureRule(
        "container_gone", r"no such container|is not running|OOMKilled=False ExitCode=137", Fault.MACHINE,
        "somebody else has ended the container",
    ),
    FailureRule(
        "engine_slow", r"read timed out|timeout=|timed out", Fault.MACHINE,
        "the engine did not answer in time; set sandbox.open_timeout_s higher if the machine is just slow",
    ),
    FailureRule(
        "engine_closed", r"permission denied", Fault.MACHINE,
        "this user may not talk to the engine; add it to the group docker, or set sandbox.engine",
    ),
    FailureRule(
        "engine_gone",
        r"connection refused|connection aborted|connection reset|broken pipe|remotedisconnected|filenotfounderror"
        r"|no such file or directory|error while fetching server api version|cannot connect",
        Fault.MACHINE, "no engine answers; start it, or name it by DOCKER_HOST or sandbox.engine",
    ),
)  # fmt: skip

UNKNOWN = FailureRule("unknown", "", Fault.MACHINE, "the engine failed in a way that no rule knows")


def diagnose(words: str) -> FailureRule:
    """The first rule whose sign stands in the words; UNKNOWN where none does."""
    return next((rule for rule in RULES if re.search(rule.sign, words, re.IGNORECASE)), UNKNOWN)
