"""Says before anything is paid which instances can run on this machine, and why the others cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bugladder import config
from bugladder.records import InfrastructureError, Instance
from bugladder.records.protocols import KeepsImages, Sandbox, TellsObstacles
from bugladder.running.opening import find_runner


@dataclass(frozen=True)
class Outlook:
    """What is known of an instance without running it; obstacle is "" where nothing speaks against it."""

    instance_id: str
    repo: str
    version: str
    obstacle: str


def sandbox_of(node: Mapping[str, Any]) -> Sandbox:
    """The sandbox that a configuration describes; `slots` is for whoever opens it."""
    sandbox: Sandbox = config.build({k: v for k, v in node.items() if k != "slots"}, where="sandbox")
    return sandbox


def outlooks(instances: Sequence[Instance], sandbox: Sandbox) -> list[Outlook]:
    """One per instance, in order; nothing is fetched or started."""
    return [Outlook(i.instance_id, i.repo, i.version, _obstacle(i, sandbox)) for i in instances]


def outlook_lines(found: Sequence[Outlook]) -> Iterator[str]:
    """Lines to read: the numbers by repository, then every instance that cannot run with its reason."""
    total, able = Counter(o.repo for o in found), Counter(o.repo for o in found if not o.obstacle)
    width = max((len(repo) for repo in total), default=0)
    yield f"{sum(able.values())} of {len(found)} instances can run here"
    yield from (f"  {repo.ljust(width)}  {able[repo]} of {number}" for repo, number in sorted(total.items()))
    yield from (f"{o.instance_id} ({o.version}): {o.obstacle}" for o in found if o.obstacle)


def images_line(instances: Sequence[Instance], sandbox: Sandbox) -> str:
    """What their images would take, or why they cannot be had; "" where all are there or the sandbox has none."""
    if not isinstance(sandbox, KeepsImages):
        return ""
    try:
        return sandbox.outlook([i.environment for i in instances])
    except InfrastructureError as error:
        return str(error)


def _obstacle(instance: Instance, sandbox: Sandbox) -> str:
    environment = instance.environment
    # a name that no runner has is an error of the dataset, not of the machine
    find_runner(environment.runner.name)
    return sandbox.obstacle(environment) if isinstance(sandbox, TellsObstacles) else environment.obstacle
