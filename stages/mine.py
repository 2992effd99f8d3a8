"""mine: make and re-check catalog entries; `release PKG --since V`, `injected PKG==V --n N` or `--validate [IDS]`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from bugladder.config.entry import run_stage
from bugladder.datasets.pypi import PypiDataset
from bugladder.mining.commands import Mine
from bugladder.records import BugladderError
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox

_TIMEOUT_S = 60.0


def mine(given: argparse.Namespace) -> Iterator[str]:
    """The lines of what the command line asks for.

    Raises:
        BugladderError: it names neither an origin with a package nor --validate.
    """
    dataset = PypiDataset()
    work = Mine(dataset, workspace_opener(LocalSandbox(cache=dataset.cache), _TIMEOUT_S, label="mine"))
    if given.validate is not None:
        return work.validate(given.validate)
    if given.package is None:
        raise BugladderError(
            "name an origin and a package: release PACKAGE or injected PACKAGE==VERSION; or --validate"
        )
    if given.origin == "release":
        return work.release(given.package, given.since)
    return work.injected(given.package, given.n, given.seed)


def main(argv: Sequence[str]) -> None:
    """Read the command line, do what it names and print each result as it comes."""
    parser = argparse.ArgumentParser(prog="python -m stages.mine", description=__doc__)
    parser.add_argument("origin", nargs="?", choices=("release", "injected"))
    parser.add_argument("package", nargs="?", help="PACKAGE, or PACKAGE==VERSION for injected")
    parser.add_argument("--since", default="0", help="release: the oldest version to begin with")
    parser.add_argument("--n", type=int, default=20, help="injected: entries wanted")
    parser.add_argument("--seed", type=int, default=0, help="injected: decides which edits are tried")
    parser.add_argument("--validate", nargs="*", metavar="ID", help="re-check these entries, or all")
    for line in mine(parser.parse_intermixed_args(list(argv))):
        print(line, flush=True)


if __name__ == "__main__":
    run_stage(main)
