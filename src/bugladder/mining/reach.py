"""Decides which edits are worth a test run: those on lines that enough test functions run."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bugladder.records import Environment, Files
from bugladder.records.protocols import OpenWorkspace

_PLUGIN = Path(__file__).parent / "programs" / "bugladder_reach.py"
_REPORT = "bugladder-reach.json"


@dataclass(frozen=True)
class Reach:
    """For each source line that a suite runs, how many test functions run it.

    Args:
        counts: by path and line number from 1; 0 where no test function is known to be running (imports, generated
            tests), which says nothing. Empty where it could not be measured.
    """

    counts: Mapping[str, Mapping[int, int]]

    def is_in_reach(self, path: str, lines: Iterable[int], tests: int) -> bool:
        """False where it is known that fewer than `tests` test functions run any of these lines."""
        if not self.counts:
            return True
        file = self.counts.get(path, {})
        found = [file[line] for line in lines if line in file]
        return bool(found) and (max(found) >= tests or max(found) == 0)


def measure_reach(environment: Environment, open_workspace: OpenWorkspace, timeout_s: float) -> Reach:
    """Run the environment's suite once under coverage; a run that leaves no report reaches everything."""
    spec = environment.runner
    folder = "" if spec.pythonpath[0] == "." else f"{spec.pythonpath[0]}/"
    options = (*spec.options, "-p", _PLUGIN.stem)
    measured = replace(spec, options=options, env=(*spec.env, ("BUGLADDER_REACH", _REPORT)))
    files: Files = {f"{folder}{_PLUGIN.name}": _PLUGIN.read_bytes()}
    with open_workspace(replace(environment, runner=measured), files) as workspace:
        workspace.test(timeout_s=timeout_s)
        report = workspace.read([_REPORT])[_REPORT]
    if report is None:
        return Reach({})
    return Reach({p: {int(line): n for line, n in lines.items()} for p, lines in json.loads(report).items()})


def edited_lines(original: str, edited: str) -> set[int]:
    """Line numbers of the original that an edit replaces or removes; of an insertion, the line before it."""
    codes = difflib.SequenceMatcher(None, original.splitlines(), edited.splitlines(), autojunk=False).get_opcodes()
    found: set[int] = set()
    for tag, start, end, _, _ in codes:
        if tag != "equal":
            found.update(range(start + 1, end + 1) if end > start else (start,))
    return found
