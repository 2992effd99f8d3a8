"""code: write down which files decide what each stage does, so that an edit re-runs the stages that it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bugladder.config.entry import arguments, run_stage
from bugladder.config.files import write_json
from bugladder.running.code_digest import PROJECT_ROOT, code_digests, module_name

# Plugs are built from strings, so no import shows them. resolve builds them only to check conf; whoever runs them
# builds them again, and an edited solver must not send every stage through resolve.
PLUG_ROOMS: dict[str, tuple[str, ...]] = {
    "resolve": (),
    "select": ("datasets",),
    "control": ("sandboxes", "runners"),
    "run": ("solvers", "models", "sandboxes", "runners"),
    "score": ("sandboxes", "runners"),
    "analyze": (),
    "plot": (),
    "report": (),
    "track": (),
}


def code_of(stage: str, root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Digests by path of what a stage imports, of the rooms whose plugs it builds, and of their programs."""
    rooms = [root / "src" / "bugladder" / room for room in PLUG_ROOMS.get(stage, ())]
    plugs = [path for room in rooms for path in room.rglob("*.py") if "programs" not in path.parts]
    return code_digests([f"stages.{stage}", *(module_name(path, root) for path in plugs)], root)


def main(argv: Sequence[str]) -> None:
    """Digest every stage's code: `python -m stages.code`."""
    arguments(argv, "")
    for stage in PLUG_ROOMS:
        write_json(Path("data", "code", f"{stage}.json"), code_of(stage))


if __name__ == "__main__":
    run_stage(main)
