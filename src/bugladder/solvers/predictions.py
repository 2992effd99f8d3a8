"""Hands in patches that a file holds, as anyone published them: to be scored, compared and studied at no cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bugladder.records import Attempt, Candidate, Solution, Task, sha256_text
from bugladder.solvers.published import Prediction, read_predictions


@dataclass(frozen=True)
class PredictionsSolver:
    """Hands in the patch that a file in the field's format holds for a task, as it stands there.

    It writes no tests, has no rounds, and needs neither sandbox nor model. An instance without a prediction, or with
    an empty one, gets no patch, and its reason says which of the two it is.

    Args:
        name: the choice's name in conf.
        file: .jsonl, .json (a list, or rows by instance id) or .parquet with instance_id, model_name_or_path and
            model_patch; other columns are ignored.
        model_name: whose predictions of the file; None where it holds those of one model.
    """

    name: str
    file: str
    model_name: str | None = None

    def given(self, task: Task) -> dict[str, Any]:
        """The task's prediction with whose it is: an edited patch is another result.

        Raises:
            BugladderError: the file is not as it should be, or holds several models and none was chosen.
        """
        found, reason = self._find(task)
        return {"reason": reason, "patch": found.patch if found else None, "rows": found.rows if found else 0}

    def solve(self, task: Task, bench: object = None) -> Solution:
        """Hand in the task's prediction; no bench is needed.

        Raises:
            BugladderError: as `given`.
        """
        del bench
        found, reason = self._find(task)
        patch = found.patch if found else None
        totals = Attempt(
            iteration=0,
            step="totals",
            patch_sha256=sha256_text(patch) if patch else None,
            public_fail_to_pass_passed=None,
            public_pass_to_pass_passed=None,
            stop_reason=reason,
            seconds=0.0,
            detail={"patch_characters": len(patch or ""), "rows": found.rows if found else 0},
        )
        return Solution(Candidate(task.instance_id, patch, reason=reason), (totals,))

    def _find(self, task: Task) -> tuple[Prediction | None, str]:
        chosen = read_predictions(Path(self.file)).of(self.model_name)
        found = chosen.by_id.get(task.instance_id)
        if found is None:
            return None, f"no prediction of {chosen.model_name}"
        return found, f"patch of {chosen.model_name}" if found.patch else f"empty patch of {chosen.model_name}"
