"""Decides where pinned requirements stand on disk: installed once by uv, kept by digest, made by one maker."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uv

from bugladder.records import InfrastructureError, canonical_json, sha256_text
from bugladder.sandboxes.session import base_interpreter

_TIMEOUT_S = 900.0
_FORMAT = 1
# What uv says when the index is out of reach, as opposed to a pin that does not exist.
_NETWORK_WORDS = ("error sending request", "dns error", "failed to fetch", "network", "timed out", "connect")


def provision(requirements: tuple[str, ...], cache: Path) -> Path:
    """A virtual environment with exactly these full pins, at cache/envs/<digest>, made where it is not there yet.

    Raises:
        InfrastructureError: the index cannot be reached, a pin cannot be installed, or the cache cannot be written.
    """
    return _provided("env", requirements, cache, _make_environment)


def provision_tools(requirements: tuple[str, ...], cache: Path) -> Path:
    """As `provision`, but a plain folder to be put on a path: tools that are no part of the environment."""
    return _provided("tools", requirements, cache, _make_folder)


def _provided(kind: str, requirements: tuple[str, ...], cache: Path, make: Callable[[Path, list[str]], None]) -> Path:
    wanted = sorted(set(requirements))
    digest = sha256_text(canonical_json([_FORMAT, kind, wanted, sys.version, base_interpreter()]))[:32]
    target = cache / "envs" / digest
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_maker(target.parent / f".{digest}.lock"):
            if not target.is_dir():
                _make_in_place(target, wanted, make)
    except OSError as error:
        raise InfrastructureError(f"environment {digest} cannot be written in {cache}: {error.strerror}") from error
    return target


def _make_in_place(target: Path, wanted: list[str], make: Callable[[Path, list[str]], None]) -> None:
    part = Path(tempfile.mkdtemp(prefix=f".part-{target.name}-", dir=target.parent))
    try:
        part.chmod(0o755)
        make(part, wanted)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _only_maker(path: Path) -> Iterator[None]:
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _make_environment(folder: Path, wanted: list[str]) -> None:
    # relocatable: it is seen as /env inside
    _uv(["venv", "--quiet", "--relocatable", "--allow-existing", "--python", base_interpreter(), str(folder)], wanted)
    if wanted:
        _uv([*_INSTALL, "--python", str(folder / "bin" / "python"), *wanted], wanted)


def _make_folder(folder: Path, wanted: list[str]) -> None:
    if wanted:
        _uv([*_INSTALL, "--python", base_interpreter(), "--target", str(folder), *wanted], wanted)


_INSTALL = ("pip", "install", "--quiet", "--no-deps", "--compile-bytecode", "--no-config")


def _uv(arguments: list[str], wanted: list[str]) -> None:
    argv = [uv.find_uv_bin(), *arguments]
    try:
        # readable to the session's user whatever the caller's umask is
        done = subprocess.run(argv, capture_output=True, check=False, timeout=_TIMEOUT_S, umask=0o022)
    except subprocess.TimeoutExpired as error:
        raise InfrastructureError(f"uv took over {_TIMEOUT_S:.0f} s to provide {_named(wanted)}") from error
    if done.returncode != 0:
        words = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise InfrastructureError(_explained(words, wanted))


def _explained(words: str, wanted: list[str]) -> str:
    if any(sign in words.lower() for sign in _NETWORK_WORDS):
        return (
            f"{_named(wanted)} could not be fetched from the package index; finished parts are kept in the cache, "
            f"run the same command again once the network is there ({words[:200]})"
        )
    return f"{_named(wanted)} could not be installed by uv: {words[:400]}"


def _named(wanted: list[str]) -> str:
    return f"a test environment of {len(wanted)} pins ({', '.join(wanted)[:200]})"
