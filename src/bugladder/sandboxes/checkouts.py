"""Decides what a mirror's commit becomes before anything runs in it: set-up steps, done once and kept by digest."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import BugladderError, Environment, MirrorSource, canonical_json, sha256_text
from bugladder.records.setup_steps import EditableInstall, ReplaceText, StartUpPatches, WheelFiles, step_to_plain
from bugladder.sandboxes.setup_files import files_of_wheel, programs_digest, start_up_files, with_text_replaced
from bugladder.sandboxes.trees import pack_members, write_whole
from bugladder.sources import Member
from bugladder.sources.mirrors import read_commit

_FORMAT = 1

Members = dict[str, Member]


@dataclass(frozen=True)
class Checkout:
    """A packed tree, and packed files that belong beside it on PYTHONPATH: metadata and start-up patches."""

    tree: Path
    meta: Path


Install = Callable[[EditableInstall, Checkout], tuple[Members, Members]]
"""Runs the checkout's own build in a sandbox: what it wrote into the tree, and the metadata that it made."""


def packed_checkout(environment: Environment, cache: Path, install: Install) -> Checkout:
    """The packed checkout of an environment from a mirror, made where it is not there yet.

    Args:
        environment: one with a MirrorSource.
        cache: the project's cache folder; checkouts are kept below cache/checkouts.
        install: what runs an editable install.

    Raises:
        BugladderError: the mirror or a step does not give what the environment says.
        InfrastructureError: a mirror or the package index cannot be reached.
    """
    source = environment.source
    if not isinstance(source, MirrorSource):
        raise BugladderError(
            f"{source.label}: a checkout is made from a mirror, not from a source of kind {source.kind}"
        )
    folder = cache / "checkouts" / source.repo.replace("/", "__") / _digest(environment, source)
    checkout = Checkout(folder / "tree.pack", folder / "meta.pack")
    if not _is_made(checkout):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("a") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if not _is_made(checkout):
                _make(environment, source, cache, checkout, install)
    return checkout


def _is_made(checkout: Checkout) -> bool:
    # the tree appears last
    return checkout.tree.is_file()


def _digest(environment: Environment, source: MirrorSource) -> str:
    steps = [step_to_plain(step) for step in environment.setup]
    # what an installation writes may depend on who installs
    tools = environment.requirements if any(isinstance(s, EditableInstall) for s in environment.setup) else ()
    made_of = [_FORMAT, source.repo, source.commit, steps, sorted(tools), sys.version if tools else ""]
    made_of += [programs_digest()] if steps else []
    return sha256_text(canonical_json(made_of))[:32]


def _make(environment: Environment, source: MirrorSource, cache: Path, checkout: Checkout, install: Install) -> None:
    tree, meta = read_commit(source), dict[str, Member]()
    for step in environment.setup:
        match step:
            case ReplaceText():
                tree = with_text_replaced(tree, step)
            case WheelFiles():
                # what the checkout has already stays
                tree = {**files_of_wheel(step, cache), **tree}
            case StartUpPatches():
                meta |= start_up_files(step)
            case EditableInstall():
                written, found = install(step, _part(checkout, tree, meta))
                tree, meta = {**tree, **written}, {**meta, **found}
    write_whole(checkout.meta, pack_members(meta))
    write_whole(checkout.tree, pack_members(tree))
    for path in _part_of(checkout):
        path.unlink(missing_ok=True)


def _part_of(checkout: Checkout) -> tuple[Path, Path]:
    return checkout.tree.with_suffix(".part"), checkout.meta.with_suffix(".part")


def _part(checkout: Checkout, tree: Members, meta: Members) -> Checkout:
    part = Checkout(*_part_of(checkout))
    write_whole(part.tree, pack_members(tree))
    write_whole(part.meta, pack_members(meta))
    return part
