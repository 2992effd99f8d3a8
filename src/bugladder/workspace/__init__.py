"""A task opened in a sandbox: Workspace, what a solver is handed (Bench), and patches."""

from bugladder.workspace.applying import Application, AppliedBy, apply_published
from bugladder.workspace.bench import Bench, Deadline
from bugladder.workspace.history import check_history
from bugladder.workspace.opened import ApplyResult, TreeRefusedError, Workspace
from bugladder.workspace.patches import apply_patch, make_patch

__all__ = [
    "Application",
    "AppliedBy",
    "ApplyResult",
    "Bench",
    "Deadline",
    "TreeRefusedError",
    "Workspace",
    "apply_patch",
    "apply_published",
    "check_history",
    "make_patch",
]
