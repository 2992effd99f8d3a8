"""A task opened in a sandbox: Workspace, what a solver is handed (Bench), and patches."""

from bugladder.workspace.bench import Bench, Deadline
from bugladder.workspace.opened import ApplyResult, TreeRefusedError, Workspace
from bugladder.workspace.patches import apply_patch, make_patch

__all__ = ["ApplyResult", "Bench", "Deadline", "TreeRefusedError", "Workspace", "apply_patch", "make_patch"]
