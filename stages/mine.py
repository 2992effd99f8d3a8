"""Makes and re-checks catalog entries of the pypi dataset: `release PKG --since V`, `injected PKG==V`, `--validate`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bugladder.datasets.pypi import PypiDataset
from bugladder.mining.keeping import keep
from bugladder.mining.recipes import Recipe, read_recipes
from bugladder.mining.release import Miner, mine, pairs_since
from bugladder.mining.validation import Validator
from bugladder.records import BugladderError
from bugladder.running.opening import workspace_opener
from bugladder.sandboxes.local import LocalSandbox

_DATASET = PypiDataset()
_FOLDER = Path(_DATASET.catalog_folder)
_OPEN = workspace_opener(LocalSandbox(cache=_DATASET.cache), timeout_s=60.0, label="mine")


def mine_releases(package: str, since: str) -> int:
    """Try every pair of consecutive releases since a version; print each result and keep the entries."""
    recipe = read_recipes(_FOLDER / "packages.json").get(package, Recipe())
    miner = Miner(_OPEN, Path(_DATASET.cache) / "sdists", rules=_DATASET.paths)
    for mined in mine(pairs_since(package, since), recipe, miner):
        if mined.found is None:
            print(f"refused {mined.pair.id}: {mined.refusal}", flush=True)
            continue
        kept = {e.id for e in keep(_FOLDER, [mined.found])}
        units = mined.found[0].fail_to_pass_units
        print(f"{'kept' if mined.pair.id in kept else 'surplus'} {mined.pair.id}: {units} units", flush=True)
    return 0


def validate(ids: list[str]) -> int:
    """Re-check entries (all where no id is named); 1 where one no longer holds."""
    chosen = ids or [row.instance_id for row in _DATASET.catalog()]
    failures = 0
    for instance_id in chosen:
        (instance,) = _DATASET.load([instance_id])
        checked = Validator(_OPEN, _DATASET.paths).check(instance, _DATASET.base(instance_id))
        failures += bool(checked.problem)
        print(f"{instance_id}: {checked.problem or 'holds'} ({checked.cpu_seconds:.1f} s of CPU)", flush=True)
    print(f"{len(chosen)} checked, {failures} no longer hold")
    return int(failures > 0)


def main(argv: list[str] | None = None) -> int:
    """Read the command line and do what it names."""
    parser = argparse.ArgumentParser(prog="python -m stages.mine", description=__doc__)
    parser.add_argument("origin", nargs="?", choices=("release", "injected"))
    parser.add_argument("package", nargs="?", help="PACKAGE, or PACKAGE==VERSION for injected")
    parser.add_argument("--since", default="0", help="the oldest release to start from")
    parser.add_argument("--validate", nargs="*", metavar="ID", help="re-check these entries, or all")
    given = parser.parse_args(argv)
    if given.validate is not None:
        return validate(given.validate)
    if given.origin is None or given.package is None:
        parser.error("name an origin and a package, or --validate")
    return mine_releases(given.package, given.since)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BugladderError as error:
        sys.exit(f"mine: {error}")
