"""CPU of a no-op `dvc repro` here against one on a bare dvc.yaml with as many stages of `true`, in turns.

python benchmarks/noop.py [ROUNDS]
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

DVC = str(Path(".venv/bin/dvc").resolve())


def _cpu_s(folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([DVC, "repro"], cwd=folder, check=True, capture_output=True, text=True)
    if "Running stage" in done.stdout:
        raise SystemExit(f"{folder}: a stage ran, so this is no no-op: run `make repro` first")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _bare(folder: Path, count: int) -> None:
    stages: dict[str, object] = {}
    for number in range(count):
        stages[f"s{number}"] = {
            "cmd": f"true > o{number}",
            "deps": [f"o{number - 1}"] if number else [],
            "outs": [f"o{number}"],
        }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    for argv in (
        ["git", "init", "-q", "."],
        [DVC, "init", "-q"],
        [DVC, "config", "core.analytics", "false"],
        [DVC, "repro", "-q"],
    ):
        subprocess.run(argv, cwd=folder, check=True, capture_output=True)


def main() -> None:
    """Print both medians and their ratio."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    names = subprocess.run(
        [DVC, "stage", "list", "--name-only"], check=True, capture_output=True, text=True
    ).stdout.split()
    with tempfile.TemporaryDirectory() as name:
        bare = Path(name)
        _bare(bare, len(names))
        pairs = [(_cpu_s(Path()), _cpu_s(bare)) for _ in range(rounds)]
    ours, theirs = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    print(f"no-op CPU: {ours:.2f} s here, {theirs:.2f} s bare, {len(names)} stages, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
