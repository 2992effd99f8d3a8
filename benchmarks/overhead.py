"""What control, run and score took against the commands they needed, from the figures that the stages leave.

    python benchmarks/overhead.py PHASE [PHASE ...]

Prints wall / max(sum of command wall / slots, sum of command CPU / cores) per stage and for the three together.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Print one row per stage and a total per phase."""
    print("| phase | stage | commands | wall s | command wall s | command CPU s | needed s | ratio |")
    print("|" + "---|" * 8)
    for phase in sys.argv[1:]:
        walls = needs = 0.0
        for stage in ("control", "run", "score"):
            found = json.loads(Path(".bugladder", "meter", f"{stage}@{phase}.json").read_text(encoding="utf-8"))
            needed = max(found["wall_s"] / found["slots"], found["cpu_s"] / (os.cpu_count() or 1))
            walls, needs = walls + found["elapsed_s"], needs + needed
            ratio = f"{found['elapsed_s'] / needed:.2f}" if needed else "none needed"
            print(f"| {phase} | {stage} | {found['commands']} | {found['elapsed_s']:.1f} | {found['wall_s']:.1f} | "
                  f"{found['cpu_s']:.1f} | {needed:.1f} | {ratio} |")  # fmt: skip
        print(f"| {phase} | all three | | {walls:.1f} | | | {needs:.1f} | {walls / needs:.2f} |")


if __name__ == "__main__":
    main()
