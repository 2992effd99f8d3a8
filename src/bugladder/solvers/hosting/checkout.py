"""A task as a foreign program finds it, and what it leaves: decides what of that is patch, tests, or debris."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from bugladder.records import BugladderError, Command, Files, InfrastructureError, Task
from bugladder.records.paths import PathRules
from bugladder.workspace import Workspace, make_patch

_ISSUE, _FAILING = "issue.md", "failing_tests.txt"
_NOBODY = "nobody"
_LONG_AGO = "2000-01-01T00:00:00+0000"
# One commit and no other object; no template, so that no hook and no exclusion of the machine's git comes along.
_MAKE_REPOSITORY = """set -e
rm -rf .git
git init --quiet --template= --initial-branch=main
git config user.name "$GIT_AUTHOR_NAME"
git config user.email "$GIT_AUTHOR_EMAIL"
git config gc.auto 0
git -c core.autocrlf=false add --all --force
git commit --quiet --no-verify --allow-empty --message=base
"""


@dataclass(frozen=True)
class Checkout:
    """Absolute paths inside: the repository, the issue text, the ids of the public failing tests, one a line."""

    repo: str
    issue_file: str
    failing_tests_file: str


@dataclass(frozen=True)
class Changes:
    """What came of a checkout: a unified diff ("" for none) and whole new test files."""

    patch: str
    test_files: Files


@dataclass(frozen=True)
class Keeping:
    """What of a program's changes is handed in.

    Args:
        rules: a new file that is a test by them is handed in as one, not as a part of the patch.
        debris: patterns (fnmatch) of a new file's path, its name or a folder above it, which is then neither.
        most_bytes: of all changed files, before and after.
    """

    rules: PathRules
    debris: tuple[str, ...]
    most_bytes: int

    def is_debris(self, path: str) -> bool:
        """True for what a program only needed on its way."""
        return any(fnmatchcase(place, p) for place in (path, *PurePosixPath(path).parts) for p in self.debris)


def lay_checkout(workspace: Workspace, task: Task, timeout_s: float) -> Checkout:
    """Make the open tree a git repository of one commit, and lay the task's texts outside of it.

    The names are the same in every run, so that equal prompts stay equal.

    Raises:
        InfrastructureError: the sandbox did not take them, or has no git.
    """
    folder = workspace.session.scratch
    texts = {_ISSUE: task.problem_statement, _FAILING: "".join(f"{test}\n" for test in task.public_fail_to_pass)}
    workspace.write({name: text.encode("utf-8", "replace") for name, text in texts.items()}, folder)
    env = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", _NOBODY), ("EMAIL", f"{_NOBODY}@localhost"), ("DATE", _LONG_AGO))
    }
    made = workspace.session.run(Command(("sh", "-c", _MAKE_REPOSITORY), timeout_s, env=tuple(sorted(env.items()))))
    if made.exit_code != 0:
        words = " ".join(made.stderr.decode("utf-8", "replace").split())[:300]
        raise InfrastructureError(f"{task.instance_id}: no git repository could be made in the sandbox ({words})")
    return Checkout(workspace.session.root, f"{folder}/{_ISSUE}", f"{folder}/{_FAILING}")


class ManyChangesError(BugladderError):
    """More was changed than a candidate may hold."""


def read_changes(before: Mapping[str, bytes], after: Mapping[str, bytes], keeping: Keeping) -> Changes:
    """Compare two exported trees; no git runs in either, so nothing that a program left there can act.

    Args:
        before: regular files by path.
        after: the same, afterwards.
        keeping: what counts.

    Raises:
        ManyChangesError: the changed files have more bytes than allowed.
    """
    changed = {p for p in {*before, *after} if before.get(p) != after.get(p)}
    kept = {p for p in changed if p in before or not keeping.is_debris(p)}
    size = sum(len(side.get(p, b"")) for p in kept for side in (before, after))
    if size > keeping.most_bytes:
        raise ManyChangesError(f"{len(kept)} changed files of {size} bytes; at most {keeping.most_bytes} are taken")
    tests = {p for p in kept if p not in before and keeping.rules.is_test(p)}
    coded = kept - tests
    patch = make_patch({p: before.get(p) for p in coded}, {p: after.get(p) for p in coded})
    return Changes(patch, {p: after[p] for p in sorted(tests)})
