"""Decides how the driver talks to a session's holder, and that nothing of it outlives `close` or the driver."""

from __future__ import annotations

import importlib.util
import marshal
import os
import shutil
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from bugladder.records import Command, CommandResult, InfrastructureError, canonical_json, sha256_text
from bugladder.sandboxes.trees import write_whole

_PROGRAMS = Path(__file__).with_name("programs") / "holder"
# What a holder may take beyond a command's own limit before it is taken for dead.
_GRACE_S = 30.0
_CLOSE_S = 10.0


class NamespacesMissingError(InfrastructureError):
    """The machine does not let a session close its world."""


class Holder:
    """The process that holds one session, and the socket to it. Used by one thread at a time."""

    def __init__(self, cache: Path, label: str) -> None:
        """Start a holder that waits for its set-up; label shows in the process list."""
        ours, theirs = socket.socketpair()
        self._socket = ours
        try:
            # an empty environment and a session of its own: nothing of the driver shows, no Ctrl-C reaches it
            self._process = subprocess.Popen(
                [base_interpreter(), "-I", "-S", "-E", str(_compiled(cache)), label],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise InfrastructureError(f"sandbox {label}: its holder could not be started: {error.strerror}") from error
        finally:
            theirs.close()
        self.label = label

    def ask(self, fields: list[bytes], timeout_s: float) -> list[bytes]:
        """Send one request and wait for its answer.

        Raises:
            InfrastructureError: the holder is gone, silent, or says that it failed.
        """
        try:
            self._socket.settimeout(timeout_s)
            self._socket.sendall(_frame(fields))
            name, *answer = self._receive()
        except OSError as error:
            reason = "did not answer in time" if isinstance(error, TimeoutError) else "has ended"
            self.end()
            raise InfrastructureError(f"sandbox {self.label}: its holder {reason}; the session is lost") from error
        if name == b"failed":
            self.end()
            words = answer[1].decode("utf-8", "replace")
            if answer[0] == b"namespaces":
                raise NamespacesMissingError(f"sandbox {self.label}: this machine gives no namespaces ({words})")
            raise InfrastructureError(f"sandbox {self.label}: the session could not be set up: {words}")
        return answer

    def end(self) -> None:
        """End the holder and with it every process of the session; may be called twice."""
        self._socket.close()
        try:
            self._process.wait(_CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _receive(self) -> list[bytes]:
        (count,) = struct.unpack("!I", self._exactly(4))
        lengths = struct.unpack(f"!{count}Q", self._exactly(8 * count))
        return [self._exactly(length) for length in lengths]

    def _exactly(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            received = self._socket.recv_into(view)
            if not received:
                raise ConnectionResetError
            view = view[received:]
        return bytes(data)


class SessionHolder(Protocol):
    """What a session needs of whoever holds it: a process of this machine, or one in a container."""

    label: str

    def ask(self, fields: list[bytes], timeout_s: float) -> list[bytes]:
        """One request and its answer; InfrastructureError where there is none."""
        ...

    def end(self) -> None:
        """End the holder and every process of the session; may be called twice."""
        ...


@dataclass(frozen=True)
class Places:
    """Absolute paths inside a session, and the variables that every command of it has."""

    root: str
    scratch: str
    pythonpath: tuple[str, ...]
    env: dict[str, str]


class HeldSession:
    """An open sandbox (protocols.Session): one that a holder holds."""

    def __init__(self, holder: SessionHolder, places: Places, enforcement: dict[str, str]) -> None:
        """Wrap a holder that is set up."""
        self.root = places.root
        self.scratch = places.scratch
        self.pythonpath = places.pythonpath
        self.enforcement = enforcement
        self._holder = holder
        self._env = places.env
        self._is_closed = False

    def run(self, command: Command) -> CommandResult:
        """Run one command; everything that it started ends with it.

        Raises:
            InfrastructureError: the session is closed or lost.
        """
        if self._is_closed:
            raise InfrastructureError(f"sandbox {self._holder.label} is closed; open another one")
        env = {**self._env, **dict(command.env)}
        request = [
            b"run",
            repr(command.timeout_s).encode(),
            str(command.max_output_bytes).encode(),
            os.fsencode(command.cwd or self.root),
            joined(command.argv),
            joined(tuple(f"{name}={value}" for name, value in env.items())),
            command.stdin,
        ]
        code, cut, wall, cpu, out, err = self._answer(request, command.timeout_s)
        return CommandResult(
            exit_code=int(code) if code else None,
            stdout=out,
            stderr=err,
            wall_s=float(wall),
            cpu_s=float(cpu),
            timed_out=not code,
            is_truncated=bool(cut),
        )

    def close(self) -> None:
        """End every process and remove everything; may be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self._holder.end()

    def _answer(self, request: list[bytes], timeout_s: float) -> list[bytes]:
        try:
            return self._holder.ask(request, timeout_s + _GRACE_S)
        except InfrastructureError:
            self.close()
            raise


class LocalSession(HeldSession):
    """A session of the sandbox `local`."""

    def __init__(self, holder: Holder, folder: Path | None, env: dict[str, str], enforcement: dict[str, str]) -> None:
        """Wrap a holder that is set up; folder is where an open session lives on disk, None for a closed one."""
        base = str(folder) if folder else ""
        super().__init__(holder, Places(f"{base}/testbed", f"{base}/scratch", (f"{base}/meta",), env), enforcement)
        self._folder = folder

    def close(self) -> None:
        """End every process and remove everything; may be called twice."""
        super().close()
        if self._folder is not None:
            # the holder removes it too, so that it also goes when the driver is killed
            shutil.rmtree(self._folder, ignore_errors=True)


def clean_env(path: str, home: str, tmp: str, tools: str) -> dict[str, str]:
    """The variables that every command has, whatever the driver's are."""
    return {
        "PATH": path,
        "HOME": home,
        "TMPDIR": tmp,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "BUGLADDER_TOOLS": tools,
    }


def joined(texts: tuple[str, ...]) -> bytes:
    """Texts as one field.

    Raises:
        InfrastructureError: one of them holds a NUL, which no argument or variable can.
    """
    if any("\0" in text for text in texts):
        raise InfrastructureError("a sandbox command holds a NUL character in an argument or variable")
    return os.fsencode("\0".join(texts))


def base_interpreter() -> str:
    """The real path of the interpreter that our virtual environment was made from."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _frame(fields: list[bytes]) -> bytes:
    return struct.pack(f"!I{len(fields)}Q", len(fields), *map(len, fields)) + b"".join(fields)


@lru_cache(maxsize=8)
def _compiled(cache: Path) -> Path:
    # a script is compiled at each start; compiled files save every session that time
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(_PROGRAMS.glob("*.py"))}
    folder = cache / "tmp" / f"holder-{sha256_text(canonical_json([sys.version, texts]))[:16]}"
    for name, text in texts.items():
        path = folder / f"{name}.pyc"
        if not path.is_file():
            code = compile(text, f"{name}.py", "exec", dont_inherit=True)
            write_whole(path, importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
    return folder / "main.pyc"
