"""A task opened in a sandbox and handed its runner: apply, run, test, read, write, diff. It knows no answer."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from bugladder.records import (
    Command,
    CommandResult,
    Files,
    InfrastructureError,
    RunnerSpec,
    TestReport,
    TestRequest,
)
from bugladder.records.protocols import Runner, Session
from bugladder.workspace.patches import make_patch
from bugladder.workspace.sealing import new_key, unseal
from bugladder.workspace.spelling import spelled, without_parameters

# Unpacks standard input below the current folder; system tar is trusted, the tree's files are not.
_UNPACK = ("tar", "--extract", "--file=-", "--no-same-owner", "--no-same-permissions", "--overwrite")

# Some repositories hold more pictures for their tests than a command may print.
_TREE_BYTES = 256 * 1024 * 1024


class TreeRefusedError(InfrastructureError):
    """The open tree does not take or give a file; where a patch or tested code came before, it may be their doing."""


@dataclass(frozen=True)
class ApplyResult:
    """Whether a patch applied, and the tool's words where it did not."""

    applied: bool
    reason: str = ""


class Workspace:
    """One open session with a runner. Not thread-safe; running opens and closes it."""

    def __init__(self, session: Session, runner: Runner, spec: RunnerSpec, timeout_s: float) -> None:
        """Wrap an open session; timeout_s bounds one test command unless a call says otherwise."""
        self.session = session
        self.runner = runner
        self.spec = spec
        self.timeout_s = timeout_s
        self._support: str | None = None
        self._before: Files | None = None

    def run(self, *argv: str, stdin: bytes = b"", timeout_s: float | None = None, **env: str) -> CommandResult:
        """Run a command at the repository's root."""
        limit = self.timeout_s if timeout_s is None else timeout_s
        return self.session.run(Command(argv, limit, stdin=stdin, env=tuple(sorted(env.items()))))

    def write(self, files: Files, folder: str | None = None) -> None:
        """Write whole files (None deletes) below the root, or below another absolute folder inside.

        Raises:
            TreeRefusedError: the tree does not take them (a full disk, a file where a folder belongs).
        """
        target = folder or self.session.root
        doomed = sorted(path for path, content in files.items() if content is None)
        for start in range(0, len(doomed), 500):
            self._must(Command(("rm", "-rf", "--", *doomed[start : start + 500]), self.timeout_s, cwd=target))
        present = {path: content for path, content in files.items() if content is not None}
        if present:
            self._must(Command((*_UNPACK, f"--directory={target}"), self.timeout_s, stdin=_pack(present)))

    def read(self, paths: Iterable[str]) -> Files:
        """Whole regular files by path; what is absent, a folder, a link, behind a link or a device is None."""
        wanted = sorted(set(paths))
        inside = [p for p in wanted if not PurePosixPath(p).is_absolute() and ".." not in PurePosixPath(p).parts]
        # the folders above are exported as they are, so that a link among them shows
        above = {str(folder) for p in inside for folder in PurePosixPath(p).parents} - {"."}
        found = self._export([*sorted(above), *inside]) if inside else {}
        return {path: found.get(path) for path in wanted}

    def tree(self) -> dict[str, bytes]:
        """Every regular file of the repository; links, devices, .git and bytecode are left out."""
        return self._export(["."])

    def remember(self) -> None:
        """Take the present tree as the one that `diff` compares with."""
        self._before = dict(self.tree())

    def diff(self) -> str:
        """Unified diff (git style) from the remembered tree to the present one, made by us on exported copies."""
        if self._before is None:
            raise InfrastructureError("diff was asked for before remember; call remember once after opening")
        return make_patch(self._before, dict(self.tree()))

    def apply(self, patch: str) -> ApplyResult:
        """Apply a unified diff at the root; nothing is changed where any hunk fails."""
        command = Command(
            ("git", "apply", "--whitespace=nowarn", "-"), self.timeout_s, stdin=patch.encode("utf-8", "surrogateescape")
        )
        result = self.session.run(command)
        if result.exit_code == 0:
            return ApplyResult(applied=True)
        return ApplyResult(applied=False, reason=result.stderr.decode("utf-8", "replace").strip()[:500])

    def test(
        self, ids: Iterable[str] | None = None, *, paths: tuple[str, ...] | None = None, timeout_s: float | None = None
    ) -> TestReport:
        """Run tests (all that the spec collects, or only `ids`, or other `paths`); read the structured report."""
        support = self._install_support()
        nonce = secrets.token_hex(8)
        chosen = None if ids is None else tuple(ids)
        ids_file = f"{support}/ids-{nonce}" if chosen is not None else None
        if chosen is not None:
            listed = {*chosen, *map(without_parameters, chosen)} if self.spec.parser else chosen
            self.write({f"ids-{nonce}": "\n".join(sorted(listed)).encode()}, folder=support)
        request = TestRequest(
            root=self.session.root,
            support=support,
            report=f"{support}/report-{nonce}.jsonl",
            pythonpath=self.session.pythonpath,
            timeout_s=self.timeout_s if timeout_s is None else timeout_s,
            ids=chosen,
            ids_file=ids_file,
            paths=paths,
            key=new_key(),
        )
        result = self.session.run(self.runner.command(self.spec, request))
        written = self.session.run(Command(("cat", request.report), self.timeout_s))
        lines = written.stdout if written.exit_code == 0 else b""
        report = self.runner.read(unseal(lines, request.key), result)
        return spelled(report, self.spec.parser, chosen)

    def _install_support(self) -> str:
        if self._support is None:
            self._support = f"{self.session.scratch}/support-{secrets.token_hex(8)}"
            self._must(Command(("mkdir", self._support), self.timeout_s))
            self.write(self.runner.files(), folder=self._support)
        return self._support

    def _export(self, paths: list[str]) -> dict[str, bytes]:
        names = "\0".join(paths).encode("utf-8", "surrogateescape")
        command = Command(
            (
                "tar", "--create", "--file=-", "--null", "--no-recursion" if paths != ["."] else "--recursion",
                "--hard-dereference", "--ignore-failed-read", "--exclude=.git", "--exclude=__pycache__",
                "--files-from=-",
            ),
            self.timeout_s,
            stdin=names,
            max_output_bytes=_TREE_BYTES,
        )  # fmt: skip
        result = self.session.run(command)
        if result.timed_out or result.is_truncated:
            raise TreeRefusedError("the work folder could not be exported: too large or too slow")
        return _unpack(result.stdout)

    def _must(self, command: Command) -> CommandResult:
        result = self.session.run(command)
        if result.exit_code != 0:
            words = result.stderr.decode("utf-8", "replace").strip()[:300]
            # what ends by a signal or by the clock was not refused by the tree
            was_refused = result.exit_code is not None and result.exit_code > 0
            error = TreeRefusedError if was_refused else InfrastructureError
            raise error(f"sandbox command {command.argv[0]} failed ({result.exit_code}): {words}")
        return result


def _pack(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in sorted(files.items()):
            info = tarfile.TarInfo(path)
            info.size = len(content)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _unpack(data: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    links: list[str] = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None:
                files[name] = content.read()
            elif member.issym():
                links.append(f"{name}/")
    return {path: content for path, content in files.items() if not path.startswith(tuple(links))}
