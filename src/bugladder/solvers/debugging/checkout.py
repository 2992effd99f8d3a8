"""The open workspace as the loop uses it: a state is laid over the buggy tree, tested, and taken away again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from bugladder.records import Files, InfrastructureError, TestReport
from bugladder.records.paths import PathRules
from bugladder.solvers.debugging.places import Places
from bugladder.solvers.debugging.trimming import failures
from bugladder.workspace import Bench


@dataclass
class Checkout:
    """A bench with a copy of its tree as it was opened: what patches are made from and every run is put back to.

    was_cut tells that the deadline, and not the test time-out, ended a run.
    """

    bench: Bench
    base: Mapping[str, bytes]
    places: Places
    was_cut: bool = False

    @classmethod
    def of(cls, bench: Bench, rules: PathRules) -> Checkout:
        """Copy the tree of a bench.

        Raises:
            InfrastructureError: the tree cannot be read.
        """
        base = dict(bench.workspace.tree())
        found = bench.workspace.run("find", ".", "-type", "l", "-print0")
        if found.exit_code != 0:
            raise InfrastructureError("the links of the work folder could not be listed")
        names = found.stdout.decode("utf-8", "surrogateescape").split("\0")
        links = frozenset(name.removeprefix("./") for name in names if name)
        return cls(bench, base, Places(base, links, rules))

    @property
    def folders(self) -> tuple[str, ...]:
        """Absolute folders of the sandbox that show in test output."""
        session = self.bench.workspace.session
        # where nothing hides the machine the session lives in a folder of a name of its own
        above = str(PurePosixPath(session.scratch).parent)
        return (session.root, session.scratch, *([above] if above != "/" else []))

    def failures(self, report: TestReport, room: int) -> str:
        """The failing parts of a run, in so many bytes at most, as a model is shown them."""
        return failures(report, self.folders, room, self.bench.workspace.runner.name)

    def test(
        self, state: Files, *, ids: tuple[str, ...] | None = None, paths: tuple[str, ...] | None = None
    ) -> TestReport:
        """Run tests on the buggy tree with a state's files laid over it; the tree is put back afterwards."""
        workspace = self.bench.workspace
        limit_s = min(workspace.timeout_s, self.bench.deadline.remaining_s)
        if state:
            workspace.write(state)
        report = workspace.test(ids, paths=paths, timeout_s=limit_s)
        self.was_cut = self.was_cut or (report.command.timed_out and limit_s < workspace.timeout_s)
        self._put_back()
        return report

    def _put_back(self) -> None:
        """Undo the state, and whatever the tested code did to the tree: the next run may owe nothing to this one."""
        workspace = self.bench.workspace
        now = workspace.tree()
        changed = [path for path in {*now, *self.base} if now.get(path) != self.base.get(path)]
        if changed:
            # removed first: a file that was turned into a link would be written through
            workspace.write(dict.fromkeys(changed))
            workspace.write({path: self.base[path] for path in changed if path in self.base})
