"""Decides whether the tree that a solver is shown holds history beyond its base commit; looked for in the sandbox."""

from __future__ import annotations

from bugladder.records import Command, InfrastructureError
from bugladder.records.protocols import Session

NO_GIT, ONE_COMMIT = "none", "one commit"
# every folder is looked into: a nested repository or a submodule's is history as well
_PROGRAM = """
found=$(find . -name .git -prune -print) || exit 3
[ -n "$found" ] || { echo none; exit; }
[ "$found" = ./.git ] && [ -d .git ] || { echo "git data at $found"; exit; }
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_COUNT=1
export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
problems=
is() { [ "$2" = "$3" ] || problems="$problems $1"; }
is commits "$(git rev-list --all --count)" 1
is refs "$(git for-each-ref | wc -l)" 1
is remotes "$(git remote)" ''
is reflogs "$(find .git -path '*/logs/*' -type f)" ''
is unreachable-objects "$(git cat-file --batch-all-objects --batch-check | wc -l)" \
    "$(git rev-list --objects --all | wc -l)"
is elsewhere "$(ls -d .git/objects/info/alternates .git/modules .git/worktrees .git/shallow 2>/dev/null)" ''
echo "${problems:-one commit}"
"""
_TIMEOUT_S = 120.0


def check_history(session: Session, label: str) -> str:
    """What git data a session's tree holds: "none", or "one commit" without remotes, reflogs or other objects.

    Args:
        session: an open session that nothing has run in yet.
        label: the instance, for the message.

    Raises:
        InfrastructureError: it holds more, and no solver may see it, or it could not be told.
    """
    result = session.run(Command(("sh", "-c", _PROGRAM), _TIMEOUT_S))
    found = " ".join(result.stdout.decode("utf-8", "replace").split())
    if result.exit_code != 0 or found not in {NO_GIT, ONE_COMMIT}:
        words = found or " ".join(result.stderr.decode("utf-8", "replace").split())[-200:] or "no answer"
        raise InfrastructureError(f"{label}: the repository holds more than its base commit: {words}")
    return found
