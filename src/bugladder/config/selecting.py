"""Builds what selection obeys from select's slice of the configuration; a list of ids is read here."""

from __future__ import annotations

from pathlib import Path

from bugladder import config
from bugladder.config import Node
from bugladder.records import BugladderError
from bugladder.selection.phases import PhaseSize, SelectionSettings


def selection_of(slice_: Node) -> tuple[list[PhaseSize], SelectionSettings]:
    """The phases up to the one that is selected, each with its strategy, and the settings of all.

    Raises:
        BugladderError: an unknown key, a wrong type, or a list of ids that cannot be read.
    """
    chosen = dict(slice_["selection"])
    strategy, ids = chosen.pop("strategy"), chosen.pop("ids")
    settings = config.build({**chosen, "seed": slice_["seed"]}, SelectionSettings, "selection")
    listed = _read_ids(ids) if strategy == "file" else ()
    return [PhaseSize(p["name"], p["size"], strategy, listed) for p in slice_["plan"]], settings


def _read_ids(path: str) -> tuple[str, ...]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise BugladderError(f"files.ids: {path} cannot be read ({why}); it should hold one id a line") from error
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
