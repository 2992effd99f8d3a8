"""A task opened in a sandbox: Workspace, what a solver is handed (Bench), and patches."""

from bugladder.workspace.bench import Bench, Deadline
from bugladder.workspace.opened import ApplyResult, Workspace
from bugladder.workspace.patches import apply_patch, make_patch

__all__ = ["ApplyResult", "Bench", "Deadline", "Workspace", "apply_patch", "make_patch"]
