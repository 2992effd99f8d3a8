"""Decides which collected tests a list's ids stand for: official lists cut ids at a blank, or shorten them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bugladder.records import Task
from bugladder.workspace import Workspace
from bugladder.workspace.spelling import official_id, without_parameters


def with_collected_ids(task: Task, workspace: Workspace, timeout_s: float) -> Task:
    """The task with its public tests by the ids that the runner itself knows, for programs that select by these.

    Tests are run once where ids of the lists may be cut, which only those with parameters are. An id that no test
    answers to stays as it is.

    Args:
        task: as its lists have it.
        workspace: open at the buggy state.
        timeout_s: of that run.
    """
    parser = workspace.spec.parser
    listed = [i for i in (*task.public_fail_to_pass, *task.public_pass_to_pass) if "[" in i]
    if not parser or not listed:
        return task
    plain = Workspace(workspace.session, workspace.runner, replace(workspace.spec, parser=""), workspace.timeout_s)
    report = plain.test(sorted({*listed, *map(without_parameters, listed)}), timeout_s=timeout_s)
    collected: dict[str, list[str]] = {}
    for result in report.results:
        collected.setdefault(official_id(result.test_id, parser), []).append(result.test_id)

    def resolved(ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(test for i in ids for test in collected.get(i, [i]))

    return replace(
        task,
        public_fail_to_pass=resolved(task.public_fail_to_pass),
        public_pass_to_pass=resolved(task.public_pass_to_pass),
    )
