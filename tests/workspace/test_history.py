import pytest

from bugladder.records import InfrastructureError
from bugladder.workspace import check_history

BASE = (
    "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b;"
    "git init -q -b main . && git config core.logAllRefUpdates false && git add -A && git commit -qm base;"
)
LEAKS = {
    "a later commit": ("echo 2 >new; git add -A; git commit -qm fix", "commits"),
    "a commit that was taken back": (
        "echo 2 >new; git add -A; git commit -qm x; git reset -q --hard HEAD~1",
        "objects",
    ),
    "a tag": ("git tag v1", "refs"),
    "a branch": ("git branch other", "refs"),
    "a remote": ("git remote add origin https://example.org/x.git", "remotes"),
    "a reflog": (
        "git config core.logAllRefUpdates true; git commit -q --amend -m base",
        "reflogs",
    ),
    "a loose object": ("echo fix | git hash-object -w --stdin", "unreachable-objects"),
    "another place for objects": ("echo /elsewhere/objects >.git/objects/info/alternates", "elsewhere"),
    "a nested repository": ("mkdir sub && git -C sub init -q", "git data at"),
    "a link to a repository": ("mv .git kept; echo gitdir: kept >.git", "git data at"),
}


@pytest.fixture
def workspace(tiny_world, make_instance):
    """An open workspace on the tiny library."""
    with tiny_world.open_workspace(make_instance().environment, {}) as opened:
        yield opened


def test_a_tree_without_git_and_one_commit_are_told(workspace):
    """What holds no git data, and what holds the base commit alone, is fit to be seen."""
    assert check_history(workspace.session, "tiny-1") == "none"
    assert workspace.run("sh", "-c", BASE).exit_code == 0
    assert check_history(workspace.session, "tiny-1") == "one commit"


@pytest.mark.parametrize("leak", LEAKS)
def test_more_than_the_base_commit_is_refused(workspace, leak):
    """Whatever leads beyond the base commit keeps a solver from the tree, with its name."""
    script, name = LEAKS[leak]
    done = workspace.run("sh", "-c", f"{BASE} {script}")
    with pytest.raises(InfrastructureError, match=f"^tiny-1: .*{name}"):
        check_history(workspace.session, "tiny-1")
    assert done.exit_code == 0
